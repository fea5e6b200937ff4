import { newLifecycle } from "./phase.ts";
import type { Lifecycle } from "./phase.ts";
import { publicState } from "./public-state.ts";
import type { State } from "./public-state.ts";

/**
 * The persisted form of an instance. Its outer part is the record that @cloudflare/containers
 * 0.3.7 keeps under the same key, so that a deploy of either package understands the other's.
 */
export type RunRecord = State & {
  /** What only this package knows; absent in a record of the peer. */
  berth?: Instance;
};

/** The instance as the object holds it in memory. */
export interface Instance {
  readonly lifecycle: Lifecycle;
  /** Last activity, at most 5 % of `sleepAfter` behind the truth. */
  readonly lastActivityMs: number;
  /** When the alarm was last set for, `null` when it was deleted. */
  readonly alarmAtMs: number | null;
}

/** The storage key, the same as the peer's. */
export const RUN_RECORD_KEY = "__CF_CONTAINER_STATE";

/** Writes an instance down. */
export function toRunRecord(instance: Instance): RunRecord {
  return { ...publicState(instance.lifecycle), berth: instance };
}

/**
 * Reads an instance back. A record of the peer that says running or healthy counts as stopped:
 * reconciliation adopts its container if there is one.
 */
export function fromRunRecord(record: RunRecord | undefined, nowMs: number): Instance {
  return (
    record?.berth ?? { lifecycle: newLifecycle(nowMs), lastActivityMs: nowMs, alarmAtMs: null }
  );
}
