import type { Policy } from "./lifecycle/policy.ts";

/** The settings that say for how long a container may still be needed. */
export type FloorPolicy = Pick<
  Policy,
  "sleepAfterMs" | "drainMs" | "saveIdleMs" | "saveStopMs" | "stopGraceMs"
>;

/** Share of `sleepAfter` by which the persisted activity may lag behind. */
const PERSIST_SHARE = 0.05;

/** Time beyond the idle deadline for which the container is kept in any case. */
const LIFE_MARGIN_MS = 60_000;

/** Whether activity moved far enough from what is persisted to be written again. */
export function shouldPersistActivity(
  activeAtMs: number,
  persistedAtMs: number,
  sleepAfterMs: number,
): boolean {
  return activeAtMs - persistedAtMs > sleepAfterMs * PERSIST_SHARE;
}

/**
 * For how long the runtime must keep the container when the object leaves memory: past the idle
 * deadline, the drain, the snapshot, the stop grace and what the persisted activity may lag. Our alarm decides long before;
 * this only holds the floor.
 */
export function lifeFloorMs(policy: FloorPolicy): number {
  const { sleepAfterMs, drainMs, saveIdleMs, saveStopMs, stopGraceMs } = policy;
  const endMs = drainMs + Math.max(saveIdleMs, saveStopMs) + stopGraceMs;
  return Math.ceil(sleepAfterMs * (1 + PERSIST_SHARE)) + endMs + LIFE_MARGIN_MS;
}
