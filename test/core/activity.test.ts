import { describe, expect, it } from "vitest";
import { lifeFloorMs, shouldPersistActivity } from "../../src/core/activity.ts";

describe("shouldPersistActivity()", () => {
  it("writes only when activity moved by more than 5 % of sleepAfter", () => {
    expect(shouldPersistActivity(130_000, 100_000, 600_000)).toBe(false);
    expect(shouldPersistActivity(130_001, 100_000, 600_000)).toBe(true);
  });

  it("writes nothing when the clock went back", () => {
    expect(shouldPersistActivity(0, 100_000, 600_000)).toBe(false);
  });
});

const NO_SAVE = { saveIdleMs: 0, saveStopMs: 0 };

describe("lifeFloorMs()", () => {
  it("is sleepAfter and what it may lag, the drain, the grace and a minute", () => {
    const policy = { sleepAfterMs: 600_000, drainMs: 20_000, stopGraceMs: 7_000 };
    expect(lifeFloorMs({ ...policy, ...NO_SAVE })).toBe(630_000 + 20_000 + 7_000 + 60_000);
    const saving = { saveIdleMs: 1_000, saveStopMs: 3_000 };
    expect(lifeFloorMs({ ...policy, ...saving })).toBe(630_000 + 20_000 + 7_000 + 63_000);
  });

  it("is in whole milliseconds", () => {
    expect(lifeFloorMs({ sleepAfterMs: 1, drainMs: 0, stopGraceMs: 0, ...NO_SAVE })).toBe(60_002);
  });
});
