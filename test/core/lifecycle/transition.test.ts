import fc from "fast-check";
import { describe, expect, it } from "vitest";
import type { Command } from "../../../src/core/lifecycle/command.ts";
import type { LifecycleEvent } from "../../../src/core/lifecycle/event.ts";
import { isLive, newLifecycle, type Lifecycle } from "../../../src/core/lifecycle/phase.ts";
import { HOOK_TIMEOUT_MS, MAX_STOP_DELIVERIES } from "../../../src/core/lifecycle/policy.ts";
import { transition, type Step } from "../../../src/core/lifecycle/transition.ts";

const POLICY = { sleepAfterMs: 600_000, stopGraceMs: 30_000 };

/** Feeds events to a lifecycle that never started and returns the last step. */
function after(...events: LifecycleEvent[]): Step {
  let step: Step = { lifecycle: newLifecycle(0), commands: [] };
  for (const event of events) step = transition(step.lifecycle, event, POLICY);
  return step;
}

const START = { kind: "start-requested", atMs: 1_000 } as const;
const READY = { kind: "ready", atMs: 2_000, run: 1 } as const;
const CRASH = {
  kind: "exited",
  atMs: 3_000,
  run: 1,
  exit: { exitCode: 3, cause: "exit" },
} as const;

describe("transition()", () => {
  it("starts a stopped instance once", () => {
    const { lifecycle, commands } = after(START);
    expect(lifecycle.phase).toEqual({
      kind: "starting",
      run: 1,
      sinceMs: 1_000,
      startedAtMs: 1_000,
    });
    expect(commands).toEqual([{ kind: "start" }, { kind: "extend-life" }]);
  });

  it("L1: ignores a start while a container exists", () => {
    const first = after(START);
    const second = transition(first.lifecycle, { ...START, atMs: 1_001 }, POLICY);
    expect(second.commands).toEqual([]);
    expect(second.lifecycle).toBe(first.lifecycle);
  });

  it("goes back to stopped, without a stop record, when the start is refused", () => {
    const { lifecycle, commands } = after(START, { kind: "start-refused", atMs: 1_500, run: 1 });
    expect(lifecycle).toEqual({
      phase: { kind: "stopped", run: 1, sinceMs: 1_500, exitCode: null },
      outbox: [],
    });
    expect(commands).toEqual([]);
  });

  it("L3: commands onStart once when up and ready follow each other", () => {
    const up = after(START, { kind: "up", atMs: 1_500, run: 1 });
    expect(up.commands).toEqual([{ kind: "call-on-start" }]);
    const ready = transition(up.lifecycle, READY, POLICY);
    expect(ready.lifecycle.phase.kind).toBe("ready");
    expect(ready.commands).toEqual([]);
  });

  it("L4: leaves one stop record with the exit code that was seen", () => {
    const { lifecycle, commands } = after(START, READY, CRASH);
    const record = {
      runId: 1,
      cause: "exit",
      exitCode: 3,
      startedAtMs: 1_000,
      endedAtMs: 3_000,
    };
    expect(lifecycle.phase).toEqual({ kind: "stopped", run: 1, sinceMs: 3_000, exitCode: 3 });
    expect(lifecycle.outbox).toEqual([{ record, failures: 0, dueAtMs: 3_000 + HOOK_TIMEOUT_MS }]);
    expect(commands).toEqual([{ kind: "call-on-stop", record }]);
  });

  it("L2: ignores the late exit of an older run", () => {
    const { lifecycle } = after(START, READY, CRASH, { ...START, atMs: 4_000 });
    const late = transition(lifecycle, { ...CRASH, atMs: 5_000 }, POLICY);
    expect(late.lifecycle).toBe(lifecycle);
    expect(late.commands).toEqual([]);
  });

  it("adopts a container that nobody wrote down", () => {
    const { lifecycle, commands } = after({ kind: "observed", atMs: 500, isRunning: true });
    expect(lifecycle.phase).toEqual({ kind: "running", run: 1, sinceMs: 500, startedAtMs: 500 });
    expect(commands).toEqual([{ kind: "extend-life" }]);
  });

  it("asks how a container that is gone ended", () => {
    const { commands } = after(START, READY, { kind: "observed", atMs: 9_000, isRunning: false });
    expect(commands).toEqual([{ kind: "watch-exit" }]);
  });

  it("L5: sends the signal first and destroys after the grace, again and again", () => {
    const stop = after(START, READY, { kind: "stop-requested", atMs: 10_000, signal: 15 });
    expect(stop.commands).toEqual([{ kind: "signal", signal: 15 }, { kind: "watch-exit" }]);
    expect(stop.lifecycle.phase).toMatchObject({
      kind: "stopping",
      cause: "stop",
      killAtMs: 40_000,
    });
    const early = transition(stop.lifecycle, { kind: "alarm", atMs: 39_999, idleAtMs: 0 }, POLICY);
    expect(early.commands).toEqual([]);
    const late = transition(stop.lifecycle, { kind: "alarm", atMs: 40_000, idleAtMs: 0 }, POLICY);
    expect(late.commands).toEqual([{ kind: "destroy" }, { kind: "watch-exit" }]);
    const again = transition(late.lifecycle, { kind: "alarm", atMs: 70_000, idleAtMs: 0 }, POLICY);
    expect(again.commands).toContainEqual({ kind: "destroy" });
  });

  it("says idle when the stop comes from onActivityExpired, stop when it does not", () => {
    const expired = after(START, READY, { kind: "alarm", atMs: 602_000, idleAtMs: 602_000 });
    expect(expired.commands).toEqual([{ kind: "call-activity-expired" }]);
    const stop = { kind: "stop-requested", atMs: 602_001, signal: 15 } as const;
    expect(transition(expired.lifecycle, stop, POLICY).lifecycle.phase).toMatchObject({
      kind: "stopping",
      cause: "idle",
    });
    const handled = { kind: "expiry-handled", atMs: 602_001, run: 1 } as const;
    const kept = transition(expired.lifecycle, handled, POLICY);
    expect(kept.lifecycle.phase).toEqual({
      kind: "ready",
      run: 1,
      sinceMs: 2_000,
      startedAtMs: 1_000,
    });
    expect(transition(kept.lifecycle, stop, POLICY).lifecycle.phase).toMatchObject({
      cause: "stop",
    });
  });

  it("does not call onActivityExpired before the idle deadline", () => {
    expect(
      after(START, READY, { kind: "alarm", atMs: 601_999, idleAtMs: 602_000 }).commands,
    ).toEqual([]);
  });

  it("expires a start that nobody waits for any more", () => {
    const { commands } = after(START, { kind: "alarm", atMs: 602_000, idleAtMs: 601_000 });
    expect(commands).toEqual([{ kind: "call-activity-expired" }]);
  });

  it.each([
    ["idle", { kind: "alarm", atMs: 602_000, idleAtMs: 602_000 }, "exit", "idle"],
    ["destroy", { kind: "destroy-requested", atMs: 602_000 }, "exit", "destroy"],
    ["rollout", { kind: "stop-requested", atMs: 602_000, signal: 15 }, "rollout", "rollout"],
    ["oom", { kind: "stop-requested", atMs: 602_000, signal: 15 }, "oom", "oom"],
  ] as const)("records cause %s", (_name, trigger, seen, expected) => {
    const stop = { kind: "stop-requested", atMs: 602_001, signal: 15 } as const;
    const { lifecycle } = after(START, READY, trigger, stop, {
      kind: "exited",
      atMs: 603_000,
      run: 1,
      exit: { exitCode: 143, cause: seen },
    });
    expect(lifecycle.outbox[0]?.record.cause).toBe(expected);
  });

  it("L4: calls a failing onStop again, later each time, and gives up after the last try", () => {
    let { lifecycle } = after(START, READY, CRASH);
    let atMs = 4_000;
    const dueAtMs: number[] = [];
    for (let failures = 1; failures < MAX_STOP_DELIVERIES; failures += 1) {
      const failed = { kind: "stop-delivered", atMs, runId: 1, outcome: "failed" } as const;
      lifecycle = transition(lifecycle, failed, POLICY).lifecycle;
      const due = lifecycle.outbox[0]?.dueAtMs ?? 0;
      dueAtMs.push(due - atMs);
      const alarm = transition(lifecycle, { kind: "alarm", atMs: due, idleAtMs: 0 }, POLICY);
      expect(alarm.commands).toEqual([
        { kind: "call-on-stop", record: lifecycle.outbox[0]?.record },
      ]);
      lifecycle = alarm.lifecycle;
      atMs = due;
    }
    expect(dueAtMs).toEqual([1_000, 2_000, 4_000, 8_000]);
    const last = transition(
      lifecycle,
      { kind: "stop-delivered", atMs, runId: 1, outcome: "failed" },
      POLICY,
    );
    expect(last.lifecycle.outbox).toEqual([]);
    expect(last.commands.map(({ kind }) => kind)).toEqual(["report-lost-stop"]);
  });

  it("L4: delivers what the last object left undelivered, and takes up its container", () => {
    const { lifecycle } = after(START, READY, CRASH, { ...START, atMs: 4_000 });
    const step = transition(
      lifecycle,
      { kind: "constructed", atMs: 9_000, isRunning: true },
      POLICY,
    );
    expect(step.commands.map(({ kind }) => kind)).toEqual(["call-on-stop", "extend-life"]);
    expect(step.lifecycle.phase).toMatchObject({ kind: "starting", run: 2 });
  });

  it("watches the end of a container that was stopping when the object was lost", () => {
    const { lifecycle } = after(START, READY, {
      kind: "stop-requested",
      atMs: 5_000,
      signal: 15,
    });
    const step = transition(
      lifecycle,
      { kind: "constructed", atMs: 6_000, isRunning: true },
      POLICY,
    );
    expect(step.commands).toEqual([{ kind: "watch-exit" }]);
  });
});

const RUN = fc.integer({ min: 0, max: 6 });
const AT = fc.integer({ min: 0, max: 2_000_000 });
const EVENT: fc.Arbitrary<LifecycleEvent> = fc.oneof(
  fc.record({ kind: fc.constant("constructed" as const), atMs: AT, isRunning: fc.boolean() }),
  fc.record({ kind: fc.constant("start-requested" as const), atMs: AT }),
  fc.record({ kind: fc.constant("start-refused" as const), atMs: AT, run: RUN }),
  fc.record({ kind: fc.constantFrom("up" as const, "ready" as const), atMs: AT, run: RUN }),
  fc.record({ kind: fc.constant("observed" as const), atMs: AT, isRunning: fc.boolean() }),
  fc.record({
    kind: fc.constant("exited" as const),
    atMs: AT,
    run: RUN,
    exit: fc.record({
      exitCode: fc.option(fc.integer({ min: 0, max: 255 })),
      cause: fc.constantFrom("exit" as const, "oom" as const, "unknown" as const),
    }),
  }),
  fc.record({ kind: fc.constant("stop-requested" as const), atMs: AT, signal: fc.constant(15) }),
  fc.record({ kind: fc.constant("destroy-requested" as const), atMs: AT }),
  fc.record({ kind: fc.constant("alarm" as const), atMs: AT, idleAtMs: AT }),
  fc.record({ kind: fc.constant("expiry-handled" as const), atMs: AT, run: RUN }),
  fc.record({
    kind: fc.constant("stop-delivered" as const),
    atMs: AT,
    runId: RUN,
    outcome: fc.constantFrom("handled" as const, "failed" as const),
  }),
);

/** One event of a history, and the lifecycle around it. */
interface Moment {
  readonly before: Lifecycle;
  readonly event: LifecycleEvent;
  readonly step: Step;
  /** What `before` said before the event was taken. */
  readonly written: string;
}

function play(events: readonly LifecycleEvent[]): readonly Moment[] {
  let lifecycle = newLifecycle(0);
  return events.map((event) => {
    const before = lifecycle;
    const written = JSON.stringify(before);
    const step = transition(before, event, POLICY);
    lifecycle = step.lifecycle;
    return { before, event, step, written };
  });
}

/** The runs that commands of one kind were for, one entry a command. */
function runsOf(steps: readonly Moment[], kind: Command["kind"]): readonly number[] {
  return steps.flatMap(({ step }) =>
    step.commands.filter((command) => command.kind === kind).map(() => step.lifecycle.phase.run),
  );
}

function holds(check: (steps: readonly Moment[]) => void): void {
  fc.assert(
    fc.property(fc.array(EVENT, { minLength: 1, maxLength: 40 }), (events) => {
      check(play(events));
    }),
    { numRuns: 500 },
  );
}

describe("transition() over random histories", () => {
  it("L1: commands a start only from stopped, and one per run", () => {
    holds((steps) => {
      for (const { before, step } of steps) {
        if (step.commands.some(({ kind }) => kind === "start")) {
          expect(before.phase.kind).toBe("stopped");
        }
      }
      const runs = runsOf(steps, "start");
      expect(new Set(runs).size).toBe(runs.length);
    });
  });

  it("L2: an event of another run changes no phase", () => {
    holds((steps) => {
      for (const { before, event, step } of steps) {
        if (!("run" in event) || event.run === before.phase.run) continue;
        expect(step.lifecycle.phase).toBe(before.phase);
      }
    });
  });

  it("L3: commands onStart at most once per run", () => {
    holds((steps) => {
      const runs = runsOf(steps, "call-on-start");
      expect(new Set(runs).size).toBe(runs.length);
    });
  });

  it("L4: a live run that stops leaves exactly one record, and a stopped one none", () => {
    holds((steps) => {
      for (const { before, event, step } of steps) {
        if (event.kind === "stop-delivered") continue;
        const added = step.lifecycle.outbox.length - before.outbox.length;
        const hasEnded =
          isLive(before.phase) && !isLive(step.lifecycle.phase) && event.kind === "exited";
        expect(added).toBe(hasEnded ? 1 : 0);
      }
    });
  });

  it("L5: a stopping phase always has a kill deadline after the event that made it", () => {
    holds((steps) => {
      for (const { before, event, step } of steps) {
        const { phase } = step.lifecycle;
        if (phase.kind !== "stopping" || before.phase === phase) continue;
        expect(phase.killAtMs).toBeGreaterThan(event.atMs);
      }
    });
  });

  it("L6: answers every event, and changes nothing that it was given", () => {
    holds((steps) => {
      for (const { before, step, written } of steps) {
        expect(step.lifecycle.phase.kind).toBeDefined();
        expect(JSON.stringify(before)).toBe(written);
      }
    });
  });

  it("L7: run numbers only rise", () => {
    holds((steps) => {
      for (const { before, step } of steps) {
        expect(step.lifecycle.phase.run).toBeGreaterThanOrEqual(before.phase.run);
      }
    });
  });

  it("L8: commands what ends or expires a container only where the current run has one", () => {
    holds((steps) => {
      for (const { step } of steps) {
        for (const { kind } of step.commands) {
          if (kind === "call-on-stop" || kind === "report-lost-stop") continue;
          expect(isLive(step.lifecycle.phase)).toBe(true);
        }
      }
    });
  });
});
