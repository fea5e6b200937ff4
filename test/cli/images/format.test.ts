import { describe, expect, it } from "vitest";

import { formatBytes } from "../../../src/images/format-bytes.ts";
import { formatTable } from "../../../src/cli/images/format-table.ts";
import { shortDigest } from "../../../src/cli/images/short-digest.ts";

describe("formatBytes()", () => {
  it.each([
    [0, "0 B"],
    [999, "999 B"],
    [1000, "1.00 kB"],
    [9_994, "9.99 kB"],
    [9_996, "10.0 kB"],
    [99_960, "100 kB"],
    [999_499, "999 kB"],
    [999_500, "1.00 MB"],
    [52_428_800, "52.4 MB"],
    [2_000_000_000, "2.00 GB"],
    [3_500_000_000_000_000, "3500 TB"],
  ])("writes %d as %s", (sizeBytes, expected) => {
    expect(formatBytes(sizeBytes)).toBe(expected);
  });
});

describe("formatTable()", () => {
  it("makes columns as wide as their widest cell, with nothing behind the last", () => {
    expect(formatTable([["A", "LONG", "X"], ["aaa", "b", ""], ["c"]])).toEqual([
      "A    LONG  X",
      "aaa  b",
      "c",
    ]);
  });

  it("writes nothing of no rows", () => {
    expect(formatTable([])).toEqual([]);
  });
});

describe("shortDigest()", () => {
  it.each([
    ["sha256:0123456789abcdef0123", "0123456789ab"],
    ["0123456789abcdef", "0123456789ab"],
  ])("shortens %s", (digest, expected) => {
    expect(shortDigest(digest)).toBe(expected);
  });
});
