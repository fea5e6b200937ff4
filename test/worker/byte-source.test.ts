import { describe, expect, it } from "vitest";
import { nextBufferBytes } from "../../src/worker/byte-source.ts";

const KIB = 1_024;

describe("nextBufferBytes()", () => {
  it.each([
    ["grows when it was filled", 16, 16 * KIB, 64],
    ["grows to 256 KiB", 64, 64 * KIB, 256],
    ["grows no further", 256, 256 * KIB, 256],
    ["stays when it was half full", 64, 32 * KIB, 64],
    ["stays when it was a sixteenth full", 256, 16 * KIB, 256],
    ["shrinks when the stream trickles", 256, 16 * KIB - 1, 16],
    ["does not shrink below 16 KiB", 16, 1, 16],
  ])("%s", (_what, kib, filledBytes, expectedKib) => {
    expect(nextBufferBytes(kib * KIB, filledBytes)).toBe(expectedKib * KIB);
  });
});
