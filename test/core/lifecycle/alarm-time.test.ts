import { describe, expect, it } from "vitest";
import { alarmTime } from "../../../src/core/lifecycle/alarm-time.ts";

describe("alarmTime()", () => {
  it.each([
    ["keeps none when none is needed", null, undefined, null],
    ["deletes one that is not needed any more", 9_000, undefined, null],
    ["sets the first one", null, 9_000, 9_000],
    ["sets an earlier one", 9_000, 7_000, 7_000],
    ["keeps one that comes too early", 7_000, 9_000, 7_000],
    ["keeps one that comes just then", 9_000, 9_000, 9_000],
    ["keeps one that is due now", 5_000, 9_000, 5_000],
    ["sets one anew that is overdue, since it may have been lost", 4_999, 9_000, 9_000],
  ] as const)("%s", (_name, armedAtMs, dueAtMs, expected) => {
    expect(alarmTime(armedAtMs, dueAtMs, 5_000)).toBe(expected);
  });
});
