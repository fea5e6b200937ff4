import { describe, expect, it } from "vitest";
import { alarmTime } from "../../../src/core/lifecycle/alarm-time.ts";
import { ALARM_FLOOR_MS, nextAlarm } from "../../../src/core/lifecycle/next-alarm.ts";
import { newLifecycle, type Lifecycle, type Phase } from "../../../src/core/lifecycle/phase.ts";
import { HOOK_TIMEOUT_MS } from "../../../src/core/lifecycle/policy.ts";

const STOPPED = newLifecycle(0);
const NOTHING = { idleAtMs: 0, taskDueAtMs: undefined };

function live(phase: Partial<Phase> & Pick<Phase, "kind">): Lifecycle {
  return {
    phase: { run: 1, sinceMs: 0, startedAtMs: 0, ...phase } as Phase,
    outbox: [],
  };
}

describe("nextAlarm()", () => {
  it("returns undefined when nothing is due and the container is stopped", () => {
    expect(nextAlarm(STOPPED, NOTHING, 5_000)).toBeUndefined();
  });

  it("returns the task's time when the container is stopped", () => {
    expect(nextAlarm(STOPPED, { ...NOTHING, taskDueAtMs: 9_000 }, 5_000)).toBe(9_000);
  });

  it("returns the idle deadline of a ready container", () => {
    expect(nextAlarm(live({ kind: "ready" }), { ...NOTHING, idleAtMs: 9_000 }, 5_000)).toBe(9_000);
  });

  it("returns the kill deadline of a stopping container, not its idle deadline", () => {
    const stopping = live({ kind: "stopping", cause: "stop", killAtMs: 40_000 });
    expect(nextAlarm(stopping, { ...NOTHING, idleAtMs: 6_000 }, 5_000)).toBe(40_000);
  });

  it("waits for onActivityExpired to report back instead of firing over and over", () => {
    const expiring = live({ kind: "ready", expiredAtMs: 5_000 });
    expect(nextAlarm(expiring, { ...NOTHING, idleAtMs: 4_000 }, 5_000)).toBe(
      5_000 + HOOK_TIMEOUT_MS,
    );
  });

  it("returns the earliest of several obligations", () => {
    expect(nextAlarm(live({ kind: "ready" }), { idleAtMs: 9_000, taskDueAtMs: 7_000 }, 5_000)).toBe(
      7_000,
    );
  });

  it("never returns a time in the past: two alarms are at least the floor apart", () => {
    expect(nextAlarm(STOPPED, { ...NOTHING, taskDueAtMs: 1 }, 5_000)).toBe(5_000 + ALARM_FLOOR_MS);
  });
});

describe("alarmTime()", () => {
  it.each([
    ["keeps none when none is needed", null, undefined, null],
    ["deletes one that is not needed any more", 9_000, undefined, null],
    ["sets the first one", null, 9_000, 9_000],
    ["sets an earlier one", 9_000, 7_000, 7_000],
    ["keeps one that fires too early", 7_000, 9_000, 7_000],
    ["sets one anew that is overdue, since it may have been lost", 4_999, 9_000, 9_000],
  ] as const)("%s", (_name, armedAtMs, dueAtMs, expected) => {
    expect(alarmTime(armedAtMs, dueAtMs, 5_000)).toBe(expected);
  });
});
