import { describe, expect, it } from "vitest";
import { afterCheck, isDead, needsCheck, watched } from "../../src/core/liveness.ts";

const POLICY = { everyMs: 30_000, failures: 3 };

describe("watched()", () => {
  it("begins without a failure", () => {
    expect(watched(4)).toEqual({ run: 4, failures: 0 });
  });
});

describe("needsCheck()", () => {
  it("waits until no request was answered for the whole interval", () => {
    expect(needsCheck(POLICY, 100_000, 129_999)).toBe(false);
    expect(needsCheck(POLICY, 100_000, 130_000)).toBe(true);
  });
});

describe("afterCheck()", () => {
  it("counts failures in a row, of the same run", () => {
    expect(afterCheck({ run: 4, failures: 1 }, false)).toEqual({ run: 4, failures: 2 });
  });

  it("forgets them at the first success", () => {
    expect(afterCheck({ run: 4, failures: 2 }, true)).toEqual({ run: 4, failures: 0 });
  });
});

describe("isDead()", () => {
  it("says so from the last failure that is allowed on", () => {
    expect([2, 3, 4].map((failures) => isDead({ run: 4, failures }, POLICY))).toEqual([
      false,
      true,
      true,
    ]);
  });
});
