import { describe, expect, it } from "vitest";
import type { ObservedExit } from "../../../src/core/lifecycle/event.ts";
import type { Lifecycle, Phase } from "../../../src/core/lifecycle/phase.ts";
import { HOOK_TIMEOUT_MS } from "../../../src/core/lifecycle/policy.ts";
import { onExited, onStartRefused } from "../../../src/core/lifecycle/run-end.ts";
import type { Step } from "../../../src/core/lifecycle/step.ts";
import { newUsage } from "../../../src/core/lifecycle/usage.ts";
import {
  DOWN,
  DRAINING,
  ENDINGS,
  FAILED,
  lifecycleIn,
  LIVE,
  READY,
  RUNNING,
  STARTING,
  STOPPED,
  STOPPING,
} from "./lifecycles.ts";

const CRASH: ObservedExit = { exitCode: 3, cause: "exit" };
const DONE: ObservedExit = { exitCode: 0, cause: "exit" };
const UNSEEN: ObservedExit = { exitCode: null, cause: "unknown" };

function exitFrom(lifecycle: Lifecycle, exit: ObservedExit, random = 0.5): Step {
  return onExited(lifecycle, { kind: "exited", run: 1, atMs: 50_000, exit, random });
}

/** What an end comes down to. */
function endOf(phase: Phase, exit: ObservedExit): { kind: string; cause: string | undefined } {
  const { lifecycle } = exitFrom(lifecycleIn(phase), exit);
  return { kind: lifecycle.phase.kind, cause: lifecycle.lastStop?.cause };
}

/** Nine crashes of the last minutes: one more and the instance has failed. */
const NINE = { streak: 9, atMs: Array.from({ length: 9 }, (_, i) => 40_000 + i) };

describe("onExited()", () => {
  it("L4: leaves one stop record, has it delivered, and counts the run", () => {
    const { lifecycle, commands } = exitFrom(lifecycleIn(READY), DONE);
    const record = {
      runId: 1,
      cause: "exit",
      exitCode: 0,
      startedAtMs: 1_000,
      endedAtMs: 50_000,
    };
    expect(lifecycle).toEqual({
      phase: { kind: "stopped", run: 1, sinceMs: 50_000, exitCode: 0 },
      origin: null,
      outbox: [{ record, failures: 0, dueAtMs: 50_000 + HOOK_TIMEOUT_MS }],
      crashes: { streak: 0, atMs: [] },
      usage: { ...newUsage(0), runMs: 49_000, dayRunMs: 49_000 },
      lastStop: record,
    });
    expect(commands).toEqual([{ kind: "call-on-stop", record }]);
  });

  it("L4: keeps the records of earlier runs that are not delivered yet", () => {
    const { lifecycle } = exitFrom(lifecycleIn(READY), DONE);
    const later = { ...lifecycle, phase: { ...READY, run: 2 } };
    expect(exitFrom(later, CRASH).lifecycle.outbox.map(({ record }) => record.runId)).toEqual([
      1, 2,
    ]);
  });

  it.each(DOWN)("takes no note of an end where none runs: $kind", (phase) => {
    const lifecycle = lifecycleIn(phase);
    expect(exitFrom(lifecycle, CRASH)).toEqual({ lifecycle, commands: [] });
  });

  it.each(ENDINGS)("says why we ended it, unless the platform did: $kind", (phase) => {
    const idle = { ...phase, cause: "idle" } as const;
    expect(endOf(idle, { exitCode: 143, cause: "exit" })).toEqual({
      kind: "stopped",
      cause: "idle",
    });
    expect(endOf(idle, UNSEEN).cause).toBe("idle");
    expect(endOf(idle, { exitCode: 143, cause: "signal" }).cause).toBe("idle");
    expect(endOf(idle, { exitCode: 137, cause: "oom" }).cause).toBe("oom");
    expect(endOf(idle, { exitCode: 143, cause: "rollout" }).cause).toBe("rollout");
  });

  it.each([
    [CRASH, READY, "backoff", "exit"],
    [CRASH, RUNNING, "backoff", "exit"],
    [CRASH, STARTING, "backoff", "exit"],
    [DONE, READY, "stopped", "exit"],
    [DONE, STARTING, "stopped", "exit"],
    [{ exitCode: 137, cause: "oom" }, READY, "backoff", "oom"],
    [{ exitCode: null, cause: "admission" }, RUNNING, "backoff", "admission"],
    [{ exitCode: 143, cause: "signal" }, READY, "stopped", "signal"],
    [{ exitCode: 143, cause: "rollout" }, READY, "stopped", "rollout"],
    [{ exitCode: null, cause: "unknown" }, READY, "stopped", "unknown"],
    [{ exitCode: null, cause: "unknown" }, RUNNING, "backoff", "unknown"],
    [{ exitCode: null, cause: "unknown" }, STARTING, "backoff", "unknown"],
    [CRASH, STOPPING, "stopped", "stop"],
    [CRASH, DRAINING, "stopped", "stop"],
    [DONE, { ...STOPPING, fault: "wedged" }, "backoff", "stop"],
    [DONE, { ...DRAINING, fault: "boot-timeout" }, "backoff", "stop"],
  ] as const)("L11: blames the app or not: %j of %j means %s", (exit, phase, kind, cause) => {
    expect(endOf(phase, exit)).toEqual({ kind, cause });
  });

  it("waits longer after each crash in a row, and reports none of them", () => {
    const crashes = { streak: 2, atMs: [41_000, 42_000] };
    const { lifecycle, commands } = exitFrom(lifecycleIn(READY, { crashes }), CRASH, 1);
    expect(lifecycle.phase).toEqual({
      kind: "backoff",
      run: 1,
      sinceMs: 50_000,
      exitCode: 3,
      retryAtMs: 52_400,
    });
    expect(lifecycle.crashes).toEqual({ streak: 3, atMs: [41_000, 42_000, 50_000] });
    expect(commands.map(({ kind }) => kind)).toEqual(["call-on-stop"]);
  });

  it("keeps the row of crashes through an end that is none", () => {
    expect(exitFrom(lifecycleIn(READY, { crashes: NINE }), DONE).lifecycle.crashes).toBe(NINE);
  });

  it("L11: fails after ten crashes in ten minutes, and says so", () => {
    const { lifecycle, commands } = exitFrom(lifecycleIn(READY, { crashes: NINE }), CRASH);
    expect(lifecycle.phase).toEqual({
      kind: "failed",
      run: 1,
      sinceMs: 50_000,
      exitCode: 3,
      retryAtMs: 110_000,
      trials: 0,
    });
    expect(commands.map(({ kind }) => kind)).toEqual(["call-on-stop", "report"]);
    expect(commands[1]).toEqual({
      kind: "report",
      code: "CRASH_LOOP",
      text: "The container crashed 10 times in ten minutes: it is tried again once a minute at most",
    });
  });

  it("L11: waits twice as long after a trial that crashed, however old the crashes before it", () => {
    const trial = lifecycleIn({ ...STARTING, trial: 0 });
    const { lifecycle, commands } = exitFrom(trial, CRASH);
    expect(lifecycle.phase).toMatchObject({ kind: "failed", trials: 1, retryAtMs: 170_000 });
    expect(commands.map(({ kind }) => kind)).toEqual(["call-on-stop"]);
    const wedged = { ...STOPPING, trial: 2, fault: "boot-timeout" } as const;
    expect(exitFrom(lifecycleIn(wedged), DONE).lifecycle.phase).toMatchObject({
      kind: "failed",
      trials: 3,
    });
  });

  it.each([
    ["stop", { ...STOPPING, trial: 2 }, CRASH],
    ["rollout", { ...STARTING, trial: 2 }, { exitCode: 143, cause: "rollout" }],
  ] as const)("L11: repeats a trial at once that a %s cut short", (_cause, phase, exit) => {
    expect(exitFrom(lifecycleIn(phase), exit).lifecycle.phase).toMatchObject({
      kind: "failed",
      trials: 2,
      retryAtMs: 50_000,
    });
  });

  it("L11: has not failed any more when a trial ended well by itself", () => {
    const trial = lifecycleIn({ ...STARTING, trial: 2 });
    expect(exitFrom(trial, DONE).lifecycle.phase.kind).toBe("stopped");
  });
});

describe("onStartRefused()", () => {
  const NO_ROOM = { kind: "start-refused", run: 1, atMs: 1_500, random: 0.5 } as const;
  const usage = { ...newUsage(0), starts: 4, startsAtMs: [500, 1_000] };

  it("forgets a run that the platform had no room for: it never was", () => {
    const lifecycle = lifecycleIn(STARTING, { usage });
    const step = onStartRefused(lifecycle, { ...NO_ROOM, reason: "capacity" });
    expect(step.lifecycle).toEqual(
      lifecycleIn(
        { ...STOPPED, sinceMs: 1_500 },
        { usage: { ...usage, starts: 3, startsAtMs: [500] } },
      ),
    );
    expect(step.commands).toEqual([]);
  });

  it("repeats a trial at once that found no room", () => {
    const lifecycle = lifecycleIn({ ...STARTING, trial: 2 });
    const step = onStartRefused(lifecycle, { ...NO_ROOM, reason: "capacity" });
    expect(step.lifecycle.phase).toEqual({
      ...FAILED,
      exitCode: null,
      sinceMs: 1_500,
      retryAtMs: 1_500,
      trials: 2,
    });
  });

  it("counts an image that does not run as a crash", () => {
    const step = onStartRefused(lifecycleIn(STARTING), { ...NO_ROOM, reason: "failure" });
    expect(step.lifecycle.phase).toMatchObject({ kind: "backoff", retryAtMs: 1_500 });
    expect(step.lifecycle.lastStop).toEqual({
      runId: 1,
      cause: "admission",
      exitCode: null,
      startedAtMs: 1_000,
      endedAtMs: 1_500,
    });
  });

  it.each([...DOWN, ...LIVE.filter((phase) => phase !== STARTING)])(
    "means nothing where no start is under way: $kind",
    (phase) => {
      const lifecycle = lifecycleIn(phase);
      for (const reason of ["capacity", "failure"] as const) {
        const step = onStartRefused(lifecycle, { ...NO_ROOM, reason });
        expect(step).toEqual({ lifecycle, commands: [] });
      }
    },
  );
});
