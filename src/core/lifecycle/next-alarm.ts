import { phaseDeadlineMs } from "./deadlines.ts";
import type { Lifecycle } from "./phase.ts";
import type { Policy } from "./policy.ts";

/** What the next alarm depends on besides the lifecycle itself. */
export interface Obligations {
  readonly policy: Policy;
  /** When the instance is idle for too long, if nothing more happens. */
  readonly idleAtMs: number;
  /** When something else is due: a scheduled task, an alarm of the user's own. */
  readonly otherDueAtMs: number | undefined;
}

/** An alarm never follows another sooner than this, so that no mistake can make a loop of them. */
export const ALARM_FLOOR_MS = 100;

/**
 * When the object has to be woken next, or `undefined` when nothing is owed and it may sleep for
 * ever.
 */
export function nextAlarm(
  lifecycle: Lifecycle,
  { policy, idleAtMs, otherDueAtMs = Infinity }: Obligations,
  nowMs: number,
): number | undefined {
  const hooks = lifecycle.outbox.map((pending) => pending.dueAtMs);
  const phaseMs = phaseDeadlineMs(lifecycle, { idleAtMs, nowMs, policy });
  const dueAtMs = Math.min(otherDueAtMs, phaseMs, ...hooks);
  return dueAtMs === Infinity ? undefined : Math.max(dueAtMs, nowMs + ALARM_FLOOR_MS);
}
