import { describe, expect, it } from "vitest";
import { PartBuffer } from "../../../src/core/directory/part-buffer.ts";

/** What comes of pieces of these sizes, in parts of 4 bytes: every part, and the rest. */
function partsOf(sizes: readonly number[]): readonly number[][] {
  const buffer = new PartBuffer(4);
  const parts: number[][] = [];
  let next = 0;
  for (const size of sizes) {
    const piece = Uint8Array.from({ length: size }, () => (next += 1));
    for (const part of buffer.add(piece)) parts.push([...part]);
  }
  return [...parts, [...buffer.rest]];
}

describe("PartBuffer", () => {
  it.each([
    [[], [[]]],
    [[0], [[]]],
    [[3], [[1, 2, 3]]],
    [[4], [[1, 2, 3, 4], []]],
    [
      [1, 1, 1, 1, 1],
      [[1, 2, 3, 4], [5]],
    ],
    [
      [3, 3],
      [
        [1, 2, 3, 4],
        [5, 6],
      ],
    ],
    [[9], [[1, 2, 3, 4], [5, 6, 7, 8], [9]]],
    [
      [2, 7],
      [[1, 2, 3, 4], [5, 6, 7, 8], [9]],
    ],
  ])("makes of pieces of %j bytes the parts %j", (sizes, parts) => {
    expect(partsOf(sizes)).toEqual(parts);
  });

  it("makes parts of the 5 MiB that R2 takes, or more, where nothing is said", () => {
    const [part] = new PartBuffer().add(new Uint8Array(16 * 1_024 * 1_024));
    expect(part?.length).toBeGreaterThanOrEqual(5 * 1_024 * 1_024);
  });
});
