import type { EventOf } from "./event.ts";
import { isEnding, isLive, type EndingPhase, type Lifecycle, type UsablePhase } from "./phase.ts";
import { EXPIRY_CHECK_MS, EXPIRY_TIMEOUT_MS, type Policy } from "./policy.ts";
import { destroy, end, onSaved, send } from "./run-stop.ts";
import { move, stay, type Step } from "./step.ts";
import { budgetEndMs } from "./usage.ts";

const SIGTERM = 15;

/** When the policy ends a run, whatever it does: at the end of its life, or of the day's budget. */
export function runLimitMs(
  { usage }: Lifecycle,
  { startedAtMs }: UsablePhase,
  { nowMs, policy }: { readonly nowMs: number; readonly policy: Policy },
): number {
  const { runMsPerDay, maxLifetimeMs } = policy;
  const budgetMs = budgetEndMs(usage, startedAtMs, { nowMs, runMsPerDay });
  return Math.min(startedAtMs + maxLifetimeMs, budgetMs);
}

/** Evaluates every deadline of the phase, by the time and not by what the alarm was set for. */
export function onAlarm(lifecycle: Lifecycle, event: EventOf<"alarm">, policy: Policy): Step {
  const { phase } = lifecycle;
  if (!isLive(phase)) return stay(lifecycle);
  return isEnding(phase)
    ? onEndingAlarm(lifecycle, phase, { ...event, policy })
    : onUsableAlarm(lifecycle, phase, { ...event, policy });
}

type Alarm = EventOf<"alarm"> & { readonly policy: Policy };

function onEndingAlarm(lifecycle: Lifecycle, phase: EndingPhase, alarm: Alarm): Step {
  const { atMs, inFlight, policy } = alarm;
  if (phase.kind === "stopping") {
    const { killAtMs: _past, ...doomed } = phase;
    return atMs >= phase.killAtMs ? destroy(lifecycle, doomed, atMs) : stay(lifecycle);
  }
  if (phase.kind === "saving") {
    return atMs >= phase.untilMs ? onSaved(lifecycle, atMs, policy) : stay(lifecycle);
  }
  const isOver = inFlight === 0 || atMs >= phase.untilMs;
  return isOver ? send(lifecycle, phase, alarm) : stay(lifecycle);
}

/** A start that nobody waits for any more is idle as well: it must not run for ever. */
function onUsableAlarm(lifecycle: Lifecycle, phase: UsablePhase, alarm: Alarm): Step {
  const { atMs, idleAtMs, inFlight, policy } = alarm;
  if (atMs >= runLimitMs(lifecycle, phase, { nowMs: atMs, policy })) {
    return end(lifecycle, { cause: "stop", signal: SIGTERM, atMs, inFlight }, policy);
  }
  if (phase.expiredAtMs !== undefined && atMs < phase.expiredAtMs + EXPIRY_TIMEOUT_MS) {
    return stay(lifecycle);
  }
  // A hook that never returned is owed nothing any more, or its deadline would stay in the past.
  if (atMs < idleAtMs) return withoutExpiry(lifecycle);
  return move(lifecycle, { ...phase, expiredAtMs: atMs }, { kind: "call-activity-expired" });
}

/** The idle time starts anew unless the hook has ended the run, or a deploy has made it old. */
export function onExpiryHandled(
  lifecycle: Lifecycle,
  event: EventOf<"expiry-handled">,
  policy: Policy,
): Step {
  const { atMs, isOutdated = false, inFlight = 0 } = event;
  if (isOutdated && inFlight === 0) {
    return end(lifecycle, { cause: "idle", signal: SIGTERM, atMs, inFlight }, policy);
  }
  return withoutExpiry(lifecycle);
}

function withoutExpiry(lifecycle: Lifecycle): Step {
  const { phase } = lifecycle;
  if (!("expiredAtMs" in phase)) return stay(lifecycle);
  const { expiredAtMs: _handled, ...kept } = phase;
  return move(lifecycle, kept);
}

/** When a run that is ending has to be pushed on. */
export function endingDeadlineMs(phase: EndingPhase): number {
  return phase.kind === "stopping" ? phase.killAtMs : phase.untilMs;
}

/**
 * While `onActivityExpired` runs, only its never returning has to be noticed; but an object that
 * dies with it does nothing before it is built anew, which an alarm sees to.
 */
function expiryMs(expiredAtMs: number, nowMs: number): number {
  return Math.min(expiredAtMs + EXPIRY_TIMEOUT_MS, nowMs + EXPIRY_CHECK_MS);
}

/** When the phase has to be looked at again; `Infinity` when nothing is owed. */
export function phaseDeadlineMs(
  lifecycle: Lifecycle,
  {
    idleAtMs,
    nowMs,
    policy,
  }: { readonly idleAtMs: number; readonly nowMs: number; readonly policy: Policy },
): number {
  const { phase } = lifecycle;
  if (!isLive(phase)) return Infinity;
  if (isEnding(phase)) return endingDeadlineMs(phase);
  const idleMs = phase.expiredAtMs === undefined ? idleAtMs : expiryMs(phase.expiredAtMs, nowMs);
  return Math.min(idleMs, runLimitMs(lifecycle, phase, { nowMs, policy }));
}
