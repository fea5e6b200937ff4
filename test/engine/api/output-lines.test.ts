import fc from "fast-check";
import { describe, expect, it } from "vitest";

import { createLineSplitter, MAX_LINE_CHARS } from "../../../src/engine/api/output-lines.ts";

function split(chunks: readonly Uint8Array[]): string[] {
  const lines: string[] = [];
  const splitter = createLineSplitter((line) => lines.push(line));
  for (const chunk of chunks) splitter.write(chunk);
  splitter.end();
  return lines;
}

describe("createLineSplitter()", () => {
  it("gives whole lines, without line ends, and the last without one", () => {
    expect(split([Buffer.from("a\nb"), Buffer.from("c\r\n\nd")])).toEqual(["a", "bc", "", "d"]);
  });

  it("cuts a line that is too long", () => {
    const lines = split([Buffer.alloc(MAX_LINE_CHARS + 5, "x"), Buffer.from("y\nz")]);
    expect(lines).toEqual(["x".repeat(MAX_LINE_CHARS), "xxxxxy", "z"]);
  });

  it("gives the same lines however the bytes are cut", () => {
    fc.assert(
      fc.property(fc.string({ unit: "grapheme" }), fc.integer({ min: 1, max: 7 }), (text, size) => {
        const bytes = Buffer.from(text);
        const chunks: Buffer[] = [];
        for (let at = 0; at < bytes.length; at += size) chunks.push(bytes.subarray(at, at + size));
        expect(split(chunks)).toEqual(split([bytes]));
      }),
    );
  });

  it("never gives a line over the bound", () => {
    fc.assert(
      fc.property(fc.array(fc.integer({ min: 0, max: 40_000 }), { maxLength: 4 }), (sizes) => {
        const chunks = sizes.map((size) => Buffer.from(`${"x".repeat(size)}\n`));
        expect(split(chunks).every((line) => line.length <= MAX_LINE_CHARS)).toBe(true);
      }),
    );
  });
});
