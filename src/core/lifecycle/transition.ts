// What an instance does next. Invariants, cited by code and tests:
//   L1  At most one start is outstanding, and none while a container exists.
//   L2  Every event of a run carries its number; an event of another run changes nothing.
//   L3  onStart is commanded exactly once per run that came up.
//   L4  A run that ends leaves exactly one stop record; it stays in the outbox until its hook
//       succeeded or failed MAX_STOP_DELIVERIES times.
//   L5  A stopping run has a kill deadline, and is destroyed again after each one that passes.
//   L6  Total: every (phase, event) pair answers, and never throws.
//   L7  Run numbers only rise.
//   L8  No command is issued for a run other than the current one, save delivery of its record.
import { backoffMs } from "../backoff.ts";
import type { Command } from "./command.ts";
import type { LifecycleEvent, ObservedExit } from "./event.ts";
import { isLive } from "./phase.ts";
import type { Lifecycle, LivePhase, PendingStop, Phase, StopCause, StopRecord } from "./phase.ts";
import { DESTROY_RETRY_MS, HOOK_TIMEOUT_MS, MAX_STOP_DELIVERIES } from "./policy.ts";
import type { Policy } from "./policy.ts";

/** The lifecycle after an event, and what is to be done about it, in order. */
export interface Step {
  readonly lifecycle: Lifecycle;
  readonly commands: readonly Command[];
}

type EventOf<Kind extends LifecycleEvent["kind"]> = Extract<LifecycleEvent, { kind: Kind }>;

/** Decides what happens next. Pure: same arguments, same answer; never throws. */
export function transition(lifecycle: Lifecycle, event: LifecycleEvent, policy: Policy): Step {
  switch (event.kind) {
    case "constructed":
      return onConstructed(lifecycle, event);
    case "start-requested":
      return onStartRequested(lifecycle, event);
    case "start-refused":
      return onStartRefused(lifecycle, event);
    case "up":
    case "ready":
      return onUp(lifecycle, event);
    case "observed":
      return onObserved(lifecycle, event);
    case "exited":
      return onExited(lifecycle, event);
    case "stop-requested":
      return onStopRequested(lifecycle, event, policy);
    case "destroy-requested":
      return onDestroyRequested(lifecycle, event);
    case "alarm":
      return onAlarm(lifecycle, event);
    case "expiry-handled":
      return onExpiryHandled(lifecycle, event);
    case "stop-delivered":
      return onStopDelivered(lifecycle, event);
  }
}

/** A new object in memory: takes up what the last one left, hooks first. */
function onConstructed(lifecycle: Lifecycle, event: EventOf<"constructed">): Step {
  const deliveries = lifecycle.outbox.map(
    ({ record }) => ({ kind: "call-on-stop", record }) satisfies Command, // L4
  );
  const { phase } = lifecycle;
  if (!isLive(phase) || !event.isRunning) {
    const step = onObserved(lifecycle, { ...event, kind: "observed" });
    return { ...step, commands: [...deliveries, ...step.commands] };
  }
  const next: Command =
    phase.kind === "stopping" ? { kind: "watch-exit", run: phase.run } : { kind: "extend-life" };
  return { lifecycle, commands: [...deliveries, next] };
}

function onStartRequested(lifecycle: Lifecycle, event: EventOf<"start-requested">): Step {
  const { phase } = lifecycle;
  if (isLive(phase)) return unchanged(lifecycle); // L1
  const run = phase.run + 1; // L7
  return {
    lifecycle: move(lifecycle, {
      kind: "starting",
      run,
      sinceMs: event.atMs,
      startedAtMs: event.atMs,
    }),
    commands: [{ kind: "start", run }, { kind: "extend-life" }],
  };
}

/** The platform gave no container: the run never was, so it leaves no stop record. */
function onStartRefused(lifecycle: Lifecycle, event: EventOf<"start-refused">): Step {
  const { phase } = lifecycle;
  if (phase.kind !== "starting" || phase.run !== event.run) return unchanged(lifecycle); // L2
  return settle(
    move(lifecycle, {
      kind: "stopped",
      run: phase.run,
      sinceMs: event.atMs,
      exitCode: null,
    }),
  );
}

function onUp(lifecycle: Lifecycle, event: EventOf<"up" | "ready">): Step {
  const { phase } = lifecycle;
  if (phase.run !== event.run) return unchanged(lifecycle); // L2
  const kind = event.kind === "ready" ? "ready" : "running";
  switch (phase.kind) {
    case "starting":
      return {
        lifecycle: move(lifecycle, { ...phase, kind, sinceMs: event.atMs }),
        commands: [{ kind: "call-on-start", run: phase.run }], // L3
      };
    case "running":
      if (kind === "running") return unchanged(lifecycle);
      return settle(move(lifecycle, { ...phase, kind, sinceMs: event.atMs }));
    case "stopped":
    case "ready":
    case "stopping":
      return unchanged(lifecycle);
  }
}

/**
 * Compares what we believe with what the runtime says. A container without a record is adopted:
 * the record was lost with the object, so nobody else will ever stop it.
 */
function onObserved(lifecycle: Lifecycle, event: EventOf<"observed">): Step {
  const { phase } = lifecycle;
  if (isLive(phase)) {
    if (event.isRunning) return unchanged(lifecycle);
    return { lifecycle, commands: [{ kind: "watch-exit", run: phase.run }] };
  }
  if (!event.isRunning) return unchanged(lifecycle);
  const { atMs } = event;
  return {
    lifecycle: move(lifecycle, {
      kind: "running",
      run: phase.run + 1,
      sinceMs: atMs,
      startedAtMs: atMs,
    }),
    commands: [{ kind: "extend-life" }],
  };
}

function onExited(lifecycle: Lifecycle, event: EventOf<"exited">): Step {
  const { phase } = lifecycle;
  if (!isLive(phase) || phase.run !== event.run) return unchanged(lifecycle); // L2
  const record: StopRecord = {
    runId: phase.run,
    cause: causeOf(phase, event.exit),
    exitCode: event.exit.exitCode,
    startedAtMs: phase.startedAtMs,
    endedAtMs: event.atMs,
  };
  const dueAtMs = event.atMs + HOOK_TIMEOUT_MS;
  const pending: PendingStop = { record, failures: 0, dueAtMs };
  return {
    lifecycle: {
      phase: {
        kind: "stopped",
        run: phase.run,
        sinceMs: event.atMs,
        exitCode: record.exitCode,
      },
      outbox: [...lifecycle.outbox, pending],
    },
    commands: [{ kind: "call-on-stop", record }],
  };
}

/** What we asked for explains an exit; what the platform did of its own accord outranks it. */
function causeOf(phase: LivePhase, exit: ObservedExit): StopCause {
  if (phase.kind !== "stopping") return exit.cause;
  return exit.cause === "rollout" || exit.cause === "oom" ? exit.cause : phase.cause;
}

function onStopRequested(
  lifecycle: Lifecycle,
  event: EventOf<"stop-requested">,
  policy: Policy,
): Step {
  const { phase } = lifecycle;
  const signal: Command = { kind: "signal", signal: event.signal };
  switch (phase.kind) {
    case "stopped":
      return unchanged(lifecycle);
    case "stopping":
      return { lifecycle, commands: [signal] };
    case "starting":
    case "running":
    case "ready": {
      const cause = phase.expiredAtMs === undefined ? "stop" : "idle";
      return {
        lifecycle: move(
          lifecycle,
          stopping(phase, cause, event.atMs, event.atMs + policy.stopGraceMs),
        ),
        commands: [signal, { kind: "watch-exit", run: phase.run }],
      };
    }
  }
}

function onDestroyRequested(lifecycle: Lifecycle, event: EventOf<"destroy-requested">): Step {
  const { phase } = lifecycle;
  if (!isLive(phase)) return unchanged(lifecycle);
  return {
    lifecycle: move(
      lifecycle,
      stopping(phase, "destroy", event.atMs, event.atMs + DESTROY_RETRY_MS),
    ),
    commands: [{ kind: "destroy" }, { kind: "watch-exit", run: phase.run }],
  };
}

function onAlarm(lifecycle: Lifecycle, event: EventOf<"alarm">): Step {
  const { outbox, deliveries } = redeliver(lifecycle.outbox, event.atMs);
  const { phase } = lifecycle;
  if (phase.kind === "stopping" && event.atMs >= phase.killAtMs) {
    const killAtMs = event.atMs + DESTROY_RETRY_MS; // L5
    return {
      lifecycle: { phase: { ...phase, killAtMs }, outbox },
      commands: [...deliveries, { kind: "destroy" }, { kind: "watch-exit", run: phase.run }],
    };
  }
  if (isExpiring(phase, event)) {
    return {
      lifecycle: { phase: { ...phase, expiredAtMs: event.atMs }, outbox },
      commands: [...deliveries, { kind: "call-activity-expired", run: phase.run }],
    };
  }
  if (deliveries.length === 0) return unchanged(lifecycle);
  return { lifecycle: { phase, outbox }, commands: deliveries };
}

/** Calls again what is due, and waits anew for its answer. */
function redeliver(
  outbox: readonly PendingStop[],
  atMs: number,
): { outbox: readonly PendingStop[]; deliveries: readonly Command[] } {
  const isDue = (pending: PendingStop): boolean => pending.dueAtMs <= atMs;
  return {
    outbox: outbox.map((pending) =>
      isDue(pending) ? { ...pending, dueAtMs: atMs + HOOK_TIMEOUT_MS } : pending,
    ),
    deliveries: outbox.filter(isDue).map(({ record }) => ({ kind: "call-on-stop", record })), // L4
  };
}

/** A start that nobody waits for any more is idle as well: it must not run for ever. */
function isExpiring(
  phase: Phase,
  event: EventOf<"alarm">,
): phase is Exclude<LivePhase, { kind: "stopping" }> {
  if (phase.kind === "stopped" || phase.kind === "stopping") return false;
  return event.atMs >= event.idleAtMs;
}

function onExpiryHandled(lifecycle: Lifecycle, event: EventOf<"expiry-handled">): Step {
  const { phase } = lifecycle;
  if (phase.run !== event.run || !("expiredAtMs" in phase)) return unchanged(lifecycle);
  const { expiredAtMs: _handled, ...kept } = phase;
  return settle(move(lifecycle, kept));
}

function onStopDelivered(lifecycle: Lifecycle, event: EventOf<"stop-delivered">): Step {
  const pending = lifecycle.outbox.find((entry) => entry.record.runId === event.runId);
  if (pending === undefined) return unchanged(lifecycle);
  const others = lifecycle.outbox.filter((entry) => entry !== pending);
  if (event.outcome === "handled") return settle({ ...lifecycle, outbox: others });
  const failures = pending.failures + 1;
  if (failures >= MAX_STOP_DELIVERIES) {
    return {
      lifecycle: { ...lifecycle, outbox: others },
      commands: [{ kind: "report-lost-stop", record: pending.record }],
    };
  }
  const retry = { ...pending, failures, dueAtMs: event.atMs + backoffMs(failures, 1_000, 60_000) };
  return settle({ ...lifecycle, outbox: [...others, retry] });
}

function stopping(phase: LivePhase, cause: StopCause, atMs: number, killAtMs: number): Phase {
  const { run, startedAtMs } = phase;
  return { kind: "stopping", run, startedAtMs, sinceMs: atMs, cause, killAtMs };
}

function move(lifecycle: Lifecycle, phase: Phase): Lifecycle {
  return { ...lifecycle, phase };
}

function settle(lifecycle: Lifecycle): Step {
  return { lifecycle, commands: [] };
}

function unchanged(lifecycle: Lifecycle): Step {
  return settle(lifecycle);
}
