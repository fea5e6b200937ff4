import type { Lifecycle, Phase } from "./phase.ts";
import { HOOK_TIMEOUT_MS } from "./policy.ts";

/** What the next alarm depends on besides the lifecycle itself. */
export interface Obligations {
  /** When the instance is idle for too long, if nothing more happens. */
  readonly idleAtMs: number;
  /** When the next scheduled task is due. */
  readonly taskDueAtMs: number | undefined;
}

/** An alarm never follows another sooner than this, so that no mistake can make a loop of them. */
export const ALARM_FLOOR_MS = 100;

/**
 * When the object has to be woken next, or `undefined` when nothing is owed and it may sleep for
 * ever.
 */
export function nextAlarm(
  lifecycle: Lifecycle,
  obligations: Obligations,
  nowMs: number,
): number | undefined {
  const { phase, outbox } = lifecycle;
  const { idleAtMs, taskDueAtMs = Infinity } = obligations;
  const hooks = outbox.map((pending) => pending.dueAtMs);
  const dueAtMs = Math.min(taskDueAtMs, phaseDeadlineMs(phase, idleAtMs), ...hooks);
  return dueAtMs === Infinity ? undefined : Math.max(dueAtMs, nowMs + ALARM_FLOOR_MS);
}

/** While `onActivityExpired` runs only its loss with the object has to be noticed. */
function phaseDeadlineMs(phase: Phase, idleAtMs: number): number {
  if (phase.kind === "stopped") return Infinity;
  if (phase.kind === "stopping") return phase.killAtMs;
  return phase.expiredAtMs === undefined ? idleAtMs : phase.expiredAtMs + HOOK_TIMEOUT_MS;
}
