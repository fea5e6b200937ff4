import { describe, expect, it } from "vitest";
import {
  endingDeadlineMs,
  onAlarm,
  onExpiryHandled,
  phaseDeadlineMs,
  runLimitMs,
} from "../../../src/core/lifecycle/deadlines.ts";
import {
  DESTROY_RETRY_MS,
  EXPIRY_CHECK_MS,
  EXPIRY_TIMEOUT_MS,
} from "../../../src/core/lifecycle/policy.ts";
import type { Phase } from "../../../src/core/lifecycle/phase.ts";
import type { Step } from "../../../src/core/lifecycle/step.ts";
import {
  DOWN,
  DRAINING,
  ENDINGS,
  lifecycleIn,
  POLICY,
  READY,
  SAVING,
  STOPPING,
  USABLE,
} from "./lifecycles.ts";

const HOUR_MS = 3_600_000;
const EXPIRE = { kind: "call-activity-expired" };

interface AlarmCase {
  readonly atMs: number;
  readonly idleAtMs?: number;
  readonly inFlight?: number;
}

function alarmIn(phase: Phase, { atMs, idleAtMs = 0, inFlight = 0 }: AlarmCase): Step {
  return onAlarm(lifecycleIn(phase), { kind: "alarm", atMs, idleAtMs, inFlight }, POLICY);
}

describe("runLimitMs()", () => {
  const lifecycle = lifecycleIn(READY);

  it("is none without a limit", () => {
    expect(runLimitMs(lifecycle, READY, { nowMs: 5_000, policy: POLICY })).toBe(Infinity);
  });

  it("is the end of the run's life, or that of the day's budget when it comes first", () => {
    const policy = { ...POLICY, maxLifetimeMs: 2 * HOUR_MS };
    expect(runLimitMs(lifecycle, READY, { nowMs: 5_000, policy })).toBe(2 * HOUR_MS + 1_000);
    const tight = { ...policy, runMsPerDay: HOUR_MS };
    expect(runLimitMs(lifecycle, READY, { nowMs: 5_000, policy: tight })).toBe(HOUR_MS + 1_000);
  });
});

describe("onAlarm()", () => {
  it.each(DOWN)("does nothing where no container exists: $kind", (phase) => {
    expect(alarmIn(phase, { atMs: 900_000 }).commands).toEqual([]);
  });

  it.each(USABLE)("calls onActivityExpired at the idle deadline, not before: $kind", (phase) => {
    const early = alarmIn(phase, { atMs: 602_999, idleAtMs: 603_000 });
    expect(early).toEqual({ lifecycle: lifecycleIn(phase), commands: [] });
    const late = alarmIn(phase, { atMs: 603_000, idleAtMs: 603_000 });
    expect(late.lifecycle.phase).toEqual({ ...phase, expiredAtMs: 603_000 });
    expect(late.commands).toEqual([EXPIRE]);
  });

  it("waits while onActivityExpired runs, and calls it again when it must have been lost", () => {
    const phase = { ...READY, expiredAtMs: 603_000 };
    const lostAtMs = 603_000 + EXPIRY_TIMEOUT_MS;
    expect(alarmIn(phase, { atMs: lostAtMs - 1, idleAtMs: 603_000 }).commands).toEqual([]);
    const again = alarmIn(phase, { atMs: lostAtMs, idleAtMs: 603_000 });
    expect(again.lifecycle.phase).toEqual({ ...READY, expiredAtMs: lostAtMs });
    expect(again.commands).toEqual([EXPIRE]);
  });

  it("forgets an onActivityExpired that never returned when the instance is used again", () => {
    const phase = { ...READY, expiredAtMs: 603_000 };
    const lostAtMs = 603_000 + EXPIRY_TIMEOUT_MS;
    const step = alarmIn(phase, { atMs: lostAtMs, idleAtMs: lostAtMs + 5_000 });
    expect(step).toEqual({ lifecycle: lifecycleIn(READY), commands: [] });
  });

  it("ends a run whose life is over, after a drain, whatever else it does", () => {
    const policy = { ...POLICY, maxLifetimeMs: HOUR_MS };
    const lifecycle = lifecycleIn({ ...READY, expiredAtMs: HOUR_MS });
    const at = (atMs: number) =>
      onAlarm(lifecycle, { kind: "alarm", atMs, idleAtMs: atMs + 5_000, inFlight: 1 }, policy);
    expect(at(HOUR_MS + 999).commands).toEqual([]);
    const over = at(HOUR_MS + 1_000);
    expect(over.commands).toEqual([{ kind: "close-sockets", code: 1012 }]);
    expect(over.lifecycle.phase).toEqual({
      kind: "draining",
      run: 1,
      startedAtMs: 1_000,
      sinceMs: HOUR_MS + 1_000,
      cause: "stop",
      signal: 15,
      untilMs: HOUR_MS + 31_000,
    });
  });

  it("lets a drain go on until its deadline while something is in flight", () => {
    expect(alarmIn(DRAINING, { atMs: 39_999, inFlight: 1 }).commands).toEqual([]);
    const over = alarmIn(DRAINING, { atMs: 40_000, inFlight: 1 });
    expect(over.lifecycle.phase).toEqual({ ...STOPPING, sinceMs: 40_000, killAtMs: 70_000 });
    expect(over.commands).toEqual([{ kind: "signal", signal: 15 }, { kind: "watch-exit" }]);
  });

  it("ends a drain in which nothing is in flight any more", () => {
    expect(alarmIn(DRAINING, { atMs: 12_000 }).lifecycle.phase.kind).toBe("stopping");
  });

  it("L5: destroys what outlasts the grace, and again each 30 s", () => {
    expect(alarmIn(STOPPING, { atMs: 39_999 }).commands).toEqual([]);
    const killed = alarmIn({ ...STOPPING, fault: "wedged" }, { atMs: 40_000 });
    expect(killed.commands).toEqual([{ kind: "destroy" }, { kind: "watch-exit" }]);
    expect(killed.lifecycle.phase).toEqual({ ...STOPPING, fault: "wedged", killAtMs: 70_000 });
    expect(DESTROY_RETRY_MS).toBe(30_000);
    const again = onAlarm(
      killed.lifecycle,
      { kind: "alarm", atMs: 70_000, idleAtMs: 0, inFlight: 0 },
      POLICY,
    );
    expect(again.commands).toEqual([{ kind: "destroy" }, { kind: "watch-exit" }]);
  });
});

describe("onAlarm() while files are kept", () => {
  const alarmAt = (atMs: number): Step =>
    onAlarm(lifecycleIn(SAVING), { kind: "alarm", atMs, idleAtMs: 0, inFlight: 0 }, POLICY);

  it("L14: waits until the deadline, and tells the run to end then", () => {
    expect(alarmAt(69_999)).toEqual({ lifecycle: lifecycleIn(SAVING), commands: [] });
    expect(alarmAt(70_000).lifecycle.phase).toMatchObject({ kind: "stopping", killAtMs: 100_000 });
  });
});

describe("onExpiryHandled()", () => {
  const EVENT = { kind: "expiry-handled", run: 1, atMs: 604_000 } as const;

  it("lets the idle time start anew", () => {
    const step = onExpiryHandled(lifecycleIn({ ...READY, expiredAtMs: 603_000 }), EVENT, POLICY);
    expect(step).toEqual({ lifecycle: lifecycleIn(READY), commands: [] });
  });

  it.each([READY, STOPPING, DRAINING, ...DOWN])("changes nothing else: $kind", (phase) => {
    const lifecycle = lifecycleIn(phase);
    expect(onExpiryHandled(lifecycle, EVENT, POLICY).lifecycle).toBe(lifecycle);
  });

  it("L13: ends a run that a deploy made old, although the hook did not", () => {
    const lifecycle = lifecycleIn({ ...READY, expiredAtMs: 603_000 });
    const step = onExpiryHandled(lifecycle, { ...EVENT, isOutdated: true, inFlight: 0 }, POLICY);
    expect(step.lifecycle.phase).toMatchObject({ kind: "stopping", cause: "idle" });
    expect(step.commands).toContainEqual({ kind: "signal", signal: 15 });
  });

  it("L13: leaves an old run that something has come in for since", () => {
    const lifecycle = lifecycleIn({ ...READY, expiredAtMs: 603_000 });
    const step = onExpiryHandled(lifecycle, { ...EVENT, isOutdated: true, inFlight: 1 }, POLICY);
    expect(step).toEqual({ lifecycle: lifecycleIn(READY), commands: [] });
  });

  it.each([STOPPING, DRAINING, ...DOWN])("L13: ends nothing twice: $kind", (phase) => {
    const lifecycle = lifecycleIn(phase);
    const step = onExpiryHandled(lifecycle, { ...EVENT, isOutdated: true, inFlight: 0 }, POLICY);
    expect(step).toEqual({ lifecycle, commands: [] });
  });
});

describe("endingDeadlineMs()", () => {
  it("is the end of the drain, or of the grace", () => {
    expect(endingDeadlineMs({ ...DRAINING, untilMs: 7 })).toBe(7);
    expect(endingDeadlineMs({ ...STOPPING, killAtMs: 8 })).toBe(8);
    expect(endingDeadlineMs({ ...SAVING, untilMs: 9 })).toBe(9);
  });
});

describe("phaseDeadlineMs()", () => {
  const at = (phase: Phase, policy = POLICY) =>
    phaseDeadlineMs(lifecycleIn(phase), { idleAtMs: 9_000, nowMs: 5_000, policy });

  it.each(DOWN)("is never where no container exists: $kind", (phase) => {
    expect(at(phase)).toBe(Infinity);
  });

  it.each(USABLE)("is the idle deadline: $kind", (phase) => {
    expect(at(phase)).toBe(9_000);
  });

  it.each(ENDINGS)("is the deadline of the ending: $kind", (phase) => {
    expect(at(phase)).toBe(phase.kind === "saving" ? 70_000 : 40_000);
  });

  it("is half a minute from now while onActivityExpired runs, lest the object die with it", () => {
    const phase = { ...READY, expiredAtMs: 4_000 };
    expect(at(phase)).toBe(5_000 + EXPIRY_CHECK_MS);
    expect(at(phase, { ...POLICY, maxLifetimeMs: 7_000 })).toBe(8_000);
  });

  it("is the moment from which onActivityExpired must have been lost, when that comes first", () => {
    const expiredAtMs = 30_000 - EXPIRY_TIMEOUT_MS;
    expect(at({ ...READY, expiredAtMs })).toBe(30_000);
    expect([EXPIRY_CHECK_MS, EXPIRY_TIMEOUT_MS]).toEqual([30_000, 900_000]);
  });
});
