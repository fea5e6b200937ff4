import type { Command } from "./command.ts";
import type { EventOf, Silence } from "./event.ts";
import {
  isLive,
  isUsable,
  type Fault,
  type Lifecycle,
  type LivePhase,
  type Saving,
  type StopCause,
  type Stopping,
} from "./phase.ts";
import { DESTROY_RETRY_MS, type Policy } from "./policy.ts";
import { move, stay, type Step } from "./step.ts";

const SIGKILL = 9;
const SIGTERM = 15;

/** How a run is told to end. */
export interface StopOrder {
  readonly cause: StopCause;
  readonly signal: number;
  readonly atMs: number;
  readonly inFlight: number;
  readonly fault?: Fault;
}

export function onStopRequested(
  lifecycle: Lifecycle,
  { atMs, signal, inFlight }: EventOf<"stop-requested">,
  policy: Policy,
): Step {
  const { phase } = lifecycle;
  if (phase.kind === "stopping") return stay(lifecycle, { kind: "signal", signal });
  if (phase.kind === "draining" || phase.kind === "saving") {
    return signal === SIGKILL
      ? tell(lifecycle, { ...phase, signal }, { atMs, policy })
      : stay(lifecycle);
  }
  const cause = "expiredAtMs" in phase ? "idle" : "stop";
  return end(lifecycle, { cause, signal, atMs, inFlight }, policy);
}

/** Ends a run gracefully: at once when nothing is in flight, else after a drain. L10 */
export function end(lifecycle: Lifecycle, order: StopOrder, policy: Policy): Step {
  const { phase } = lifecycle;
  if (!isUsable(phase)) return stay(lifecycle);
  const { signal, atMs, inFlight } = order;
  const untilMs = atMs + policy.drainMs;
  const draining = { ...ending(phase, order), kind: "draining", signal, untilMs } as const;
  const close = { kind: "close-sockets", code: order.cause === "idle" ? 1001 : 1012 } as const;
  if (inFlight > 0 && policy.drainMs > 0 && signal !== SIGKILL) {
    return move(lifecycle, draining, close);
  }
  const next = phase.kind === "starting" ? tell : send; // what never came up has nothing to keep
  const step = next(lifecycle, draining, { atMs, policy });
  return { ...step, commands: [close, ...step.commands] };
}

type Signalled = Ending & { readonly signal: number };

interface SignalTerms {
  readonly atMs: number;
  readonly policy: Policy;
}

/** A drain is over: what the container has is kept, where that is wanted, and it is told to end. L14 */
export function send(lifecycle: Lifecycle, phase: Signalled, { atMs, policy }: SignalTerms): Step {
  const { run, startedAtMs, trial, cause, fault, signal } = phase;
  const saveMs = cause === "idle" ? policy.saveIdleMs : policy.saveStopMs;
  if (saveMs === 0 || fault !== undefined || signal === SIGKILL) {
    return tell(lifecycle, phase, { atMs, policy });
  }
  const saving: Saving = {
    kind: "saving",
    run,
    startedAtMs,
    sinceMs: atMs,
    cause,
    ...(trial !== undefined && { trial }),
    signal,
    untilMs: atMs + saveMs,
  };
  return move(lifecycle, saving, { kind: "save" });
}

/** What the container has is kept, or cannot be. L14 */
export function onSaved(lifecycle: Lifecycle, atMs: number, policy: Policy): Step {
  const { phase } = lifecycle;
  return phase.kind === "saving" ? tell(lifecycle, phase, { atMs, policy }) : stay(lifecycle);
}

/** Sends the signal. L5 */
function tell(lifecycle: Lifecycle, phase: Signalled, { atMs, policy }: SignalTerms): Step {
  const { run, startedAtMs, trial, cause, fault, signal } = phase;
  const stopping: Stopping = {
    kind: "stopping",
    run,
    startedAtMs,
    sinceMs: atMs,
    cause,
    ...(trial !== undefined && { trial }),
    ...(fault && { fault }),
    killAtMs: atMs + policy.stopGraceMs,
  };
  return move(lifecycle, stopping, { kind: "signal", signal }, { kind: "watch-exit" });
}

/** The last that was in flight has ended. */
export function onQuiet(lifecycle: Lifecycle, atMs: number, policy: Policy): Step {
  const { phase } = lifecycle;
  return phase.kind === "draining" ? send(lifecycle, phase, { atMs, policy }) : stay(lifecycle);
}

export function onDestroyRequested(lifecycle: Lifecycle, atMs: number): Step {
  const { phase } = lifecycle;
  if (!isLive(phase)) return stay(lifecycle);
  const fault = "fault" in phase ? phase.fault : undefined;
  return destroy(lifecycle, ending(phase, { cause: "destroy", atMs, ...(fault && { fault }) }));
}

/** A deploy has made the run old. `now` lets nothing that is in flight end first. L13 */
export function onOutdated(
  lifecycle: Lifecycle,
  { atMs, how, inFlight }: EventOf<"outdated">,
  policy: Policy,
): Step {
  const waits = how === "now" ? 0 : inFlight;
  return end(lifecycle, { cause: "rollout", signal: SIGTERM, atMs, inFlight: waits }, policy);
}

/**
 * An app that is silent for too long is ended for the next run's sake. One that was ready and only
 * closed its port may be ending what it began, so that may end; one that hangs, or that never got
 * ready, has nothing to lose. L12
 */
export function onWedged(
  lifecycle: Lifecycle,
  { atMs, run, silence, inFlight }: EventOf<"wedged">,
  policy: Policy,
): Step {
  const { phase } = lifecycle;
  if (!isUsable(phase)) return stay(lifecycle);
  const isReady = phase.kind === "ready";
  const fault = isReady ? "wedged" : "boot-timeout";
  const why = { cause: "destroy", atMs, fault } as const;
  const step =
    isReady && silence === "closed" && inFlight > 0
      ? end(lifecycle, { ...why, signal: SIGTERM, inFlight }, policy)
      : destroy(lifecycle, ending(phase, why));
  return { ...step, commands: [...step.commands, isReady ? wedged(run, silence) : late(run)] };
}

function wedged(run: number, silence: Silence): Command {
  const text = `The app of run ${run} does not answer any more (${silence}): its container is replaced`;
  return { kind: "report", code: "NOT_LISTENING", text };
}

function late(run: number): Command {
  const text = `The app of run ${run} was not ready in time: its container is replaced; raise startup.bootTimeout, or call reportProgress() while it boots`;
  return { kind: "report", code: "BOOT_TIMEOUT", text };
}

type Ending = Omit<Stopping, "kind" | "killAtMs">;

/** What a run is while it ends. */
function ending(
  { run, startedAtMs, trial }: LivePhase,
  { cause, atMs, fault }: Pick<StopOrder, "cause" | "atMs" | "fault">,
): Ending {
  const optional = { ...(trial !== undefined && { trial }), ...(fault && { fault }) };
  return { run, startedAtMs, sinceMs: atMs, cause, ...optional };
}

/** Once, and again when the next deadline passes. L5 */
export function destroy(lifecycle: Lifecycle, phase: Ending, atMs: number = phase.sinceMs): Step {
  const killAtMs = atMs + DESTROY_RETRY_MS;
  const doomed = { ...phase, kind: "stopping", killAtMs } as const;
  return move(lifecycle, doomed, { kind: "destroy" }, { kind: "watch-exit" });
}
