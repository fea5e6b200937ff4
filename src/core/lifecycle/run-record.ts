import { newLifecycle, type Lifecycle } from "./phase.ts";
import { publicState } from "./public-state.ts";
import type { State } from "./public-state.ts";

/**
 * The persisted form of an instance. Its outer part is the record that @cloudflare/containers
 * 0.3.7 keeps under the same key, so that a deploy of either package understands the other's.
 */
export type RunRecord = State & {
  /** What only this package knows; absent in a record of the peer. */
  berth?: Partial<Omit<Instance, "lifecycle">> & { readonly lifecycle: Partial<Lifecycle> };
};

/** The instance as the object holds it in memory. */
export interface Instance {
  readonly lifecycle: Lifecycle;
  /** Last activity, at most 5 % of `sleepAfter` behind the truth. */
  readonly lastActivityMs: number;
  /** When the alarm was last set for, `null` when it was deleted. */
  readonly alarmAtMs: number | null;
  /** When the user's own alarm is to come, `null` when there is none. */
  readonly userAlarmAtMs: number | null;
  /** How often that one was rung since it was set. */
  readonly userAlarmTries: number;
  /** When each hold runs out, by its name. */
  readonly holds: Readonly<Record<string, number>>;
  /** How long something was in flight, in milliseconds. */
  readonly busyMs: number;
  /** How many times the object came into memory. */
  readonly wakeUps: number;
}

/** The storage key, the same as the peer's. */
export const RUN_RECORD_KEY = "__CF_CONTAINER_STATE";

/** Writes an instance down. */
export function toRunRecord(instance: Instance): RunRecord {
  return { ...publicState(instance.lifecycle), berth: instance };
}

/**
 * Reads an instance back. A record of the peer that says running or healthy counts as stopped:
 * reconciliation adopts its container if there is one. What an older version of this package did
 * not write is as in a new instance.
 */
export function fromRunRecord(record: RunRecord | undefined, nowMs: number): Instance {
  const { lifecycle, ...kept } = record?.berth ?? { lifecycle: {} };
  return {
    lastActivityMs: nowMs,
    alarmAtMs: null,
    userAlarmAtMs: null,
    userAlarmTries: 0,
    holds: {},
    busyMs: 0,
    wakeUps: 0,
    ...kept,
    lifecycle: { ...newLifecycle(nowMs), ...lifecycle },
  };
}
