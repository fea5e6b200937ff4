import { describe, expect, it } from "vitest";
import { ALARM_FLOOR_MS, nextAlarm } from "../../../src/core/lifecycle/next-alarm.ts";
import { newLifecycle } from "../../../src/core/lifecycle/phase.ts";
import { EXPIRY_CHECK_MS } from "../../../src/core/lifecycle/policy.ts";
import { DOWN, DRAINING, lifecycleIn, POLICY, READY, STOPPED, STOPPING } from "./lifecycles.ts";

const NOTHING = { policy: POLICY, idleAtMs: 0, otherDueAtMs: undefined };
const RECORD = { runId: 1, cause: "exit", exitCode: 0, startedAtMs: 0, endedAtMs: 1 } as const;

describe("nextAlarm()", () => {
  it.each(DOWN)("is none when nothing is owed and no container runs: $kind", (phase) => {
    expect(nextAlarm(lifecycleIn(phase), NOTHING, 5_000)).toBeUndefined();
    expect(nextAlarm(newLifecycle(0), NOTHING, 5_000)).toBeUndefined();
  });

  it("is the task's time when no container runs", () => {
    const obligations = { ...NOTHING, otherDueAtMs: 9_000 };
    expect(nextAlarm(lifecycleIn(STOPPED), obligations, 5_000)).toBe(9_000);
  });

  it("is the idle deadline of a container that may be used", () => {
    expect(nextAlarm(lifecycleIn(READY), { ...NOTHING, idleAtMs: 9_000 }, 5_000)).toBe(9_000);
  });

  it.each([
    [STOPPING, 40_000],
    [DRAINING, 40_000],
  ])("is the deadline of one that ends, not its idle deadline: $kind", (phase, expected) => {
    const obligations = { ...NOTHING, idleAtMs: 6_000 };
    expect(nextAlarm(lifecycleIn(phase), obligations, 5_000)).toBe(expected);
  });

  it("waits for onActivityExpired to report back instead of coming over and over", () => {
    const expiring = lifecycleIn({ ...READY, expiredAtMs: 5_000 });
    expect(nextAlarm(expiring, { ...NOTHING, idleAtMs: 4_000 }, 5_000)).toBe(
      5_000 + EXPIRY_CHECK_MS,
    );
  });

  it("is the end that the policy sets for the run where that comes first", () => {
    const policy = { ...POLICY, maxLifetimeMs: 7_000 };
    expect(nextAlarm(lifecycleIn(READY), { ...NOTHING, policy, idleAtMs: 9_000 }, 5_000)).toBe(
      8_000,
    );
  });

  it("is the earliest of a hook to repeat, a task and the idle deadline", () => {
    const outbox = [
      { record: RECORD, failures: 1, dueAtMs: 8_000 },
      { record: RECORD, failures: 1, dueAtMs: 7_500 },
    ];
    const lifecycle = lifecycleIn(READY, { outbox });
    const at = (idleAtMs: number, otherDueAtMs: number) =>
      nextAlarm(lifecycle, { policy: POLICY, idleAtMs, otherDueAtMs }, 5_000);
    expect(at(9_000, 9_500)).toBe(7_500);
    expect(at(7_000, 9_500)).toBe(7_000);
    expect(at(9_000, 6_500)).toBe(6_500);
  });

  it("is never in the past: two alarms are at least the floor apart", () => {
    const obligations = { ...NOTHING, otherDueAtMs: 1 };
    expect(nextAlarm(lifecycleIn(STOPPED), obligations, 5_000)).toBe(5_100);
    expect(ALARM_FLOOR_MS).toBe(100);
  });
});
