import { describe, expect, it } from "vitest";
import { backoffMs } from "../../src/core/backoff.ts";

describe("backoffMs()", () => {
  it("doubles from the base and stops at the cap", () => {
    expect([1, 2, 3, 4, 10].map((failures) => backoffMs(failures, 100, 5_000))).toEqual([
      100, 200, 400, 800, 5_000,
    ]);
  });

  it("takes no failure for the first", () => {
    expect(backoffMs(0, 100, 5_000)).toBe(100);
  });
});
