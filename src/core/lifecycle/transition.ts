// What an instance does next. Invariants, cited by code and tests:
//   L1  At most one start is outstanding, and none while a container exists.
//   L2  Every event of a run carries its number; an event of another run changes nothing.
//   L3  onStart is commanded exactly once per run that came up.
//   L4  A run that ends leaves exactly one stop record; it stays in the outbox until its hook
//       succeeded or failed MAX_STOP_DELIVERIES times.
//   L5  A stopping run has a kill deadline, and is destroyed again after each one that passes.
//   L6  Total: every (phase, event) pair answers, and never throws.
//   L7  Run numbers only rise.
//   L8  A command concerns the current run, save those that carry the record of one that ended.
import { backoffMs } from "../backoff.ts";
import type { Command } from "./command.ts";
import type { LifecycleEvent, ObservedExit } from "./event.ts";
import { isLive } from "./phase.ts";
import type { Lifecycle, LivePhase, PendingStop, Phase, StopCause, Stopping } from "./phase.ts";
import { DESTROY_RETRY_MS, HOOK_TIMEOUT_MS, MAX_STOP_DELIVERIES } from "./policy.ts";
import type { Policy } from "./policy.ts";

/** The lifecycle after an event, and what is to be done about it, in order. */
export interface Step {
  readonly lifecycle: Lifecycle;
  readonly commands: readonly Command[];
}

type EventOf<Kind extends LifecycleEvent["kind"]> = Extract<LifecycleEvent, { kind: Kind }>;
type Observation = Extract<LifecycleEvent, { isRunning: boolean }>;

/** Decides what happens next. Pure: same arguments, same answer; never throws. */
export function transition(lifecycle: Lifecycle, event: LifecycleEvent, policy: Policy): Step {
  if ("run" in event && event.run !== lifecycle.phase.run) return stay(lifecycle); // L2
  switch (event.kind) {
    case "constructed":
      return deliver(onConstructed(lifecycle, event), event.atMs, Infinity);
    case "observed":
      return onObserved(lifecycle, event);
    case "start-requested":
      return onStartRequested(lifecycle, event.atMs);
    case "start-refused":
      return onStartRefused(lifecycle, event.atMs);
    case "up":
      return onUp(lifecycle, "running", event.atMs);
    case "ready":
      return onUp(lifecycle, "ready", event.atMs);
    case "exited":
      return onExited(lifecycle, event);
    case "stop-requested":
      return onStopRequested(lifecycle, event, policy);
    case "destroy-requested":
      return onDestroyRequested(lifecycle, event.atMs);
    case "alarm":
      return deliver(onAlarm(lifecycle, event), event.atMs, event.atMs);
    case "expiry-handled":
      return onExpiryHandled(lifecycle);
    case "stop-delivered":
      return onStopDelivered(lifecycle, event);
  }
}

/** A new object in memory takes up what the last one left. */
function onConstructed(lifecycle: Lifecycle, event: Observation): Step {
  const { phase } = lifecycle;
  if (!isLive(phase) || !event.isRunning) return onObserved(lifecycle, event);
  return stay(lifecycle, { kind: phase.kind === "stopping" ? "watch-exit" : "extend-life" });
}

/**
 * Compares what we believe with what the runtime says. A container without a record is adopted:
 * the record was lost with the object, so nobody else will ever stop it.
 */
function onObserved(lifecycle: Lifecycle, { atMs, isRunning }: Observation): Step {
  const { phase } = lifecycle;
  if (isLive(phase) === isRunning) return stay(lifecycle);
  if (isLive(phase)) return stay(lifecycle, { kind: "watch-exit" });
  const adopted = {
    kind: "running",
    run: phase.run + 1,
    sinceMs: atMs,
    startedAtMs: atMs,
  } as const;
  return move(lifecycle, adopted, { kind: "extend-life" });
}

function onStartRequested(lifecycle: Lifecycle, atMs: number): Step {
  const { phase } = lifecycle;
  if (isLive(phase)) return stay(lifecycle); // L1
  const run = phase.run + 1; // L7
  const starting = { kind: "starting", run, sinceMs: atMs, startedAtMs: atMs } as const;
  return move(lifecycle, starting, { kind: "start" }, { kind: "extend-life" });
}

/** The platform gave no container: the run never was, so it leaves no stop record. */
function onStartRefused(lifecycle: Lifecycle, atMs: number): Step {
  const { kind, run } = lifecycle.phase;
  if (kind !== "starting") return stay(lifecycle);
  return move(lifecycle, { kind: "stopped", run, sinceMs: atMs, exitCode: null });
}

function onUp(lifecycle: Lifecycle, kind: "running" | "ready", atMs: number): Step {
  const { phase } = lifecycle;
  const isFirst = phase.kind === "starting";
  if (!isFirst && (phase.kind !== "running" || kind === "running")) return stay(lifecycle);
  const up = { ...phase, kind, sinceMs: atMs };
  return isFirst ? move(lifecycle, up, { kind: "call-on-start" }) : move(lifecycle, up); // L3
}

function onExited(lifecycle: Lifecycle, { atMs, exit }: EventOf<"exited">): Step {
  const { phase } = lifecycle;
  if (!isLive(phase)) return stay(lifecycle);
  const { run, startedAtMs } = phase;
  const { exitCode } = exit;
  const cause = causeOf(phase, exit);
  const record = { runId: run, cause, exitCode, startedAtMs, endedAtMs: atMs };
  const pending = { record, failures: 0, dueAtMs: atMs + HOOK_TIMEOUT_MS };
  return move(
    { ...lifecycle, outbox: [...lifecycle.outbox, pending] }, // L4
    { kind: "stopped", run, sinceMs: atMs, exitCode },
    { kind: "call-on-stop", record },
  );
}

/** What we asked for explains an exit; what the platform did of its own accord outranks it. */
function causeOf(phase: LivePhase, { cause }: ObservedExit): StopCause {
  const isOurs = phase.kind === "stopping" && cause !== "rollout" && cause !== "oom";
  return isOurs ? phase.cause : cause;
}

function onStopRequested(
  lifecycle: Lifecycle,
  { atMs, signal }: EventOf<"stop-requested">,
  { stopGraceMs }: Policy,
): Step {
  const { phase } = lifecycle;
  if (!isLive(phase)) return stay(lifecycle);
  const send = { kind: "signal", signal } as const;
  if (phase.kind === "stopping") return stay(lifecycle, send);
  const cause = phase.expiredAtMs === undefined ? "stop" : "idle";
  const stopping = { ...ending(phase, cause, atMs), killAtMs: atMs + stopGraceMs };
  return move(lifecycle, stopping, send, { kind: "watch-exit" });
}

function onDestroyRequested(lifecycle: Lifecycle, atMs: number): Step {
  const { phase } = lifecycle;
  if (!isLive(phase)) return stay(lifecycle);
  return destroy(lifecycle, ending(phase, "destroy", atMs), atMs);
}

/** A start that nobody waits for any more is idle as well: it must not run for ever. */
function onAlarm(lifecycle: Lifecycle, { atMs, idleAtMs }: EventOf<"alarm">): Step {
  const { phase } = lifecycle;
  if (phase.kind === "stopping") {
    return atMs >= phase.killAtMs ? destroy(lifecycle, phase, atMs) : stay(lifecycle);
  }
  if (!isLive(phase) || atMs < idleAtMs) return stay(lifecycle);
  return move(lifecycle, { ...phase, expiredAtMs: atMs }, { kind: "call-activity-expired" });
}

function onExpiryHandled(lifecycle: Lifecycle): Step {
  const { phase } = lifecycle;
  if (!("expiredAtMs" in phase)) return stay(lifecycle);
  const { expiredAtMs: _handled, ...kept } = phase;
  return move(lifecycle, kept);
}

function onStopDelivered(lifecycle: Lifecycle, event: EventOf<"stop-delivered">): Step {
  const pending = lifecycle.outbox.find(({ record }) => record.runId === event.runId);
  if (pending === undefined) return stay(lifecycle);
  const { record } = pending;
  const outbox = lifecycle.outbox.filter((other) => other !== pending);
  const without = { ...lifecycle, outbox };
  if (event.outcome === "handled") return stay(without);
  const failures = pending.failures + 1;
  if (failures >= MAX_STOP_DELIVERIES) return stay(without, { kind: "report-lost-stop", record });
  const dueAtMs = event.atMs + backoffMs(failures, 1_000, 60_000);
  return stay({ ...lifecycle, outbox: [...outbox, { record, failures, dueAtMs }] });
}

/** Calls the hooks that are due before all else, and waits anew for their answers. L4 */
function deliver(step: Step, atMs: number, untilMs: number): Step {
  const { lifecycle } = step;
  const isDue = ({ dueAtMs }: PendingStop): boolean => dueAtMs <= untilMs;
  const due = lifecycle.outbox.filter(isDue);
  if (due.length === 0) return step;
  const outbox = lifecycle.outbox.map((pending) =>
    isDue(pending) ? { ...pending, dueAtMs: atMs + HOOK_TIMEOUT_MS } : pending,
  );
  const calls = due.map(({ record }) => ({ kind: "call-on-stop", record }) as const);
  return { lifecycle: { ...lifecycle, outbox }, commands: [...calls, ...step.commands] };
}

type Ending = Omit<Stopping, "killAtMs">;

function ending({ run, startedAtMs }: LivePhase, cause: StopCause, sinceMs: number): Ending {
  return { kind: "stopping", run, startedAtMs, sinceMs, cause };
}

/** Once, and again when the next deadline passes. L5 */
function destroy(lifecycle: Lifecycle, phase: Ending, atMs: number): Step {
  const doomed = { ...phase, killAtMs: atMs + DESTROY_RETRY_MS };
  return move(lifecycle, doomed, { kind: "destroy" }, { kind: "watch-exit" });
}

function move(lifecycle: Lifecycle, phase: Phase, ...commands: Command[]): Step {
  return { lifecycle: { ...lifecycle, phase }, commands };
}

function stay(lifecycle: Lifecycle, ...commands: Command[]): Step {
  return { lifecycle, commands };
}
