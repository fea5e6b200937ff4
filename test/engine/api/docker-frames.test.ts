import { Readable } from "node:stream";
import { buffer } from "node:stream/consumers";

import fc from "fast-check";
import { describe, expect, it } from "vitest";

import { createFrameEncoder, encodeFrame } from "../../../src/engine/api/docker-frames.ts";
import { decodeFrames } from "./fakes/decode-frames.ts";

describe("encodeFrame()", () => {
  it("writes stream, three zeros, length and payload", () => {
    expect([...encodeFrame("stderr", Buffer.from("ab"))]).toEqual([2, 0, 0, 0, 0, 0, 0, 2, 97, 98]);
  });

  it("is undone by a decoder for any sequence of payloads", () => {
    const frame = fc.record({
      stream: fc.constantFrom(1, 2),
      payload: fc.uint8Array(),
    });
    fc.assert(
      fc.property(fc.array(frame), (frames) => {
        const bytes = Buffer.concat(
          frames.map(({ stream, payload }) =>
            encodeFrame(stream === 1 ? "stdout" : "stderr", payload),
          ),
        );
        expect(decodeFrames(bytes)).toEqual(
          frames.map(({ stream, payload }) => ({
            stream,
            payload: Buffer.from(payload),
          })),
        );
      }),
    );
  });
});

describe("createFrameEncoder()", () => {
  it("makes one frame of each chunk and keeps the order", async () => {
    const chunks = [Buffer.from("one"), Buffer.alloc(100_000, 7), Buffer.from("three")];
    const bytes = await buffer(Readable.from(chunks).pipe(createFrameEncoder("stdout")));
    expect(decodeFrames(bytes)).toEqual(chunks.map((payload) => ({ stream: 1, payload })));
  });
});
