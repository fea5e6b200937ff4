import { describe, expect, it } from "vitest";
import {
  budgetEndMs,
  newUsage,
  nextDayMs,
  nextRunMs,
  runMsToday,
  withoutStart,
  withRun,
  withStart,
} from "../../../src/core/lifecycle/usage.ts";

const DAY_MS = 86_400_000;
const HOUR_MS = 3_600_000;
const NEW = newUsage(0);
/** Noon of the tenth day. */
const NOON_MS = 10.5 * DAY_MS;
const MIDNIGHT_MS = 11 * DAY_MS;

describe("newUsage()", () => {
  it("is nothing, on that day", () => {
    expect(newUsage(NOON_MS)).toEqual({
      starts: 0,
      startsAtMs: [],
      runMs: 0,
      day: 10,
      dayRunMs: 0,
    });
  });
});

describe("withStart()", () => {
  it("counts starts and remembers those of the last hour", () => {
    const two = withStart(withStart(NEW, 1_000), 2_000);
    expect(two).toMatchObject({ starts: 2, startsAtMs: [1_000, 2_000] });
    const three = withStart(two, 1_000 + HOUR_MS);
    expect(three).toMatchObject({ starts: 3, startsAtMs: [2_000, 1_000 + HOUR_MS] });
  });
});

describe("withoutStart()", () => {
  it("takes the last start back", () => {
    const two = withStart(withStart(NEW, 1_000), 2_000);
    expect(withoutStart(withStart(two, 3_000))).toEqual(two);
  });
});

describe("withRun()", () => {
  it("adds up how long runs lasted, in all and on the day", () => {
    const one = withRun(newUsage(NOON_MS), NOON_MS, NOON_MS + 5_000);
    expect(one).toMatchObject({ runMs: 5_000, day: 10, dayRunMs: 5_000 });
    const two = withRun(one, NOON_MS + 10_000, NOON_MS + 11_000);
    expect(two).toMatchObject({ runMs: 6_000, day: 10, dayRunMs: 6_000 });
  });

  it("counts for the new day only what fell on it", () => {
    const usage = { ...newUsage(NOON_MS), dayRunMs: 7_000 };
    expect(withRun(usage, MIDNIGHT_MS - 3_000, MIDNIGHT_MS + 2_000)).toMatchObject({
      runMs: 5_000,
      day: 11,
      dayRunMs: 2_000,
    });
  });

  it("takes a run that ended before it began, by a clock that was set, as none", () => {
    expect(withRun(newUsage(NOON_MS), NOON_MS + 5_000, NOON_MS)).toEqual(newUsage(NOON_MS));
  });
});

describe("runMsToday()", () => {
  const usage = { ...newUsage(NOON_MS), dayRunMs: 7_000 };

  it("is what ended today when none runs", () => {
    expect(runMsToday(usage, undefined, NOON_MS)).toBe(7_000);
    expect(runMsToday(usage, undefined, MIDNIGHT_MS)).toBe(0);
  });

  it("adds the run that goes on, from midnight at the earliest", () => {
    expect(runMsToday(usage, NOON_MS, NOON_MS + 1_000)).toBe(8_000);
    expect(runMsToday(usage, NOON_MS, MIDNIGHT_MS + 1_000)).toBe(1_000);
    expect(runMsToday(usage, NOON_MS, NOON_MS - 1_000)).toBe(7_000);
  });
});

describe("nextDayMs()", () => {
  it("is the next midnight of UTC", () => {
    expect(nextDayMs(NOON_MS)).toBe(MIDNIGHT_MS);
    expect(nextDayMs(MIDNIGHT_MS - 1)).toBe(MIDNIGHT_MS);
    expect(nextDayMs(MIDNIGHT_MS)).toBe(12 * DAY_MS);
  });
});

describe("budgetEndMs()", () => {
  const usage = { ...newUsage(NOON_MS), dayRunMs: HOUR_MS };
  const endOf = (startedAtMs: number, nowMs: number, runMsPerDay: number) =>
    budgetEndMs(usage, startedAtMs, { nowMs, runMsPerDay });

  it("is when what is left of the day's budget has passed", () => {
    expect(endOf(NOON_MS, NOON_MS, 3 * HOUR_MS)).toBe(NOON_MS + 2 * HOUR_MS);
    expect(endOf(NOON_MS, NOON_MS + HOUR_MS, 3 * HOUR_MS)).toBe(NOON_MS + 2 * HOUR_MS);
  });

  it("is now when nothing is left", () => {
    expect(endOf(NOON_MS, NOON_MS + 5_000, HOUR_MS)).toBe(NOON_MS + 5_000);
  });

  it("is the new day's budget after midnight when that renews it before", () => {
    expect(endOf(NOON_MS, MIDNIGHT_MS - HOUR_MS, 20 * HOUR_MS)).toBe(MIDNIGHT_MS + 20 * HOUR_MS);
    expect(endOf(NOON_MS, MIDNIGHT_MS - 7 * HOUR_MS, 13 * HOUR_MS)).toBe(
      MIDNIGHT_MS + 13 * HOUR_MS,
    );
  });

  it("never comes when the budget is the whole day", () => {
    expect(endOf(NOON_MS, NOON_MS, DAY_MS)).toBe(Infinity);
  });
});

describe("nextRunMs()", () => {
  const usage = { ...NEW, startsAtMs: [1_000, 2_000, 3_000] };

  it("is now while fewer began within the hour", () => {
    expect(nextRunMs(usage, 4, 5_000)).toBe(5_000);
    expect(nextRunMs(usage, Infinity, 5_000)).toBe(5_000);
  });

  it("is an hour after the oldest of the last so many", () => {
    expect(nextRunMs(usage, 3, 5_000)).toBe(1_000 + HOUR_MS);
    expect(nextRunMs(usage, 2, 5_000)).toBe(2_000 + HOUR_MS);
    expect(nextRunMs(usage, 1, 5_000)).toBe(3_000 + HOUR_MS);
  });

  it("counts a start for one hour exactly", () => {
    expect(nextRunMs(usage, 3, 999 + HOUR_MS)).toBe(1_000 + HOUR_MS);
    expect(nextRunMs(usage, 3, 1_000 + HOUR_MS)).toBe(1_000 + HOUR_MS);
    expect(nextRunMs(usage, 3, 1_001 + HOUR_MS)).toBe(1_001 + HOUR_MS);
  });
});
