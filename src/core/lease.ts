// Leases: what keeps an instance awake. Idleness is computed from them, never counted, so a lease
// that nobody closes stops counting at its deadline and nothing can pin a container for ever.
import type { Policy } from "./lifecycle/policy.ts";

/** How long a request whose headers have not come counts where the class sets no limit. */
export const REQUEST_LEASE_MS = 15 * 60_000;

/** A lease is not looked at more often than this, however short `sleepAfter` is. */
const MIN_RECHECK_MS = 1_000;

/**
 * What a lease stands for: somebody who waits for the container, a request whose headers have not
 * come, a body under way, an open WebSocket or raw connection, a program that runs.
 */
export type LeaseKind = "wait" | "request" | "stream" | "socket" | "exec";

/** One thing that keeps an instance awake. */
export interface Lease {
  /** A request becomes a stream or a socket once its headers came. */
  kind: LeaseKind;
  /** The last sign of life. */
  activeAtMs: number;
  /** How long it counts without one, where not as long as its kind, in milliseconds. */
  ttlMs?: number;
}

/** How long each kind of lease counts without a sign of life. */
export type LeaseLimits = Pick<Policy, "requestTimeoutMs" | "idleStreamMs" | "idleSocketMs">;

/** When a lease stops counting if it shows no further sign of life. */
export function leaseDeadlineMs(lease: Lease, limits: LeaseLimits): number {
  return lease.activeAtMs + (lease.ttlMs ?? ttlOf(lease.kind, limits));
}

/** How many of the leases concern the container itself: those who wait for it do not. */
export function countInFlight(leases: Iterable<Lease>, limits: LeaseLimits, nowMs: number): number {
  let count = 0;
  for (const lease of leases) {
    if (lease.kind !== "wait" && leaseDeadlineMs(lease, limits) > nowMs) count += 1;
  }
  return count;
}

/** Whether a request has waited for its headers for so long. */
export function hasWaited(leases: Iterable<Lease>, durationMs: number, nowMs: number): boolean {
  for (const { kind, activeAtMs } of leases) {
    if (kind === "request" && activeAtMs <= nowMs - durationMs) return true;
  }
  return false;
}

/** What idleness is reckoned from where no lease is open. */
export interface Idleness {
  readonly lastActivityMs: number;
  /** When each hold runs out, by its name. */
  readonly holds: Readonly<Record<string, number>>;
  readonly policy: LeaseLimits & Pick<Policy, "sleepAfterMs">;
}

/**
 * When an instance has been idle for too long, if nothing more happens.
 *
 * With live leases that is never before `sleepAfterMs` from now, since each may end at any moment
 * and its end is activity; and never before the last of them runs out. Activity that a clock once
 * saw in what is now the future counts as of now.
 */
export function idleAtMs(leases: Iterable<Lease>, idleness: Idleness, nowMs: number): number {
  const { lastActivityMs, holds, policy } = idleness;
  const { sleepAfterMs } = policy;
  const heldUntilMs = Math.max(0, ...Object.values(holds));
  let deadlineMs = Math.max(Math.min(lastActivityMs, nowMs) + sleepAfterMs, heldUntilMs);
  const soonestMs = nowMs + Math.max(sleepAfterMs, MIN_RECHECK_MS);
  for (const lease of leases) {
    const leaseEndMs = leaseDeadlineMs(lease, policy);
    if (leaseEndMs <= nowMs) continue;
    deadlineMs = Math.max(deadlineMs, Math.min(leaseEndMs, soonestMs));
  }
  return deadlineMs;
}

function ttlOf(kind: LeaseKind, limits: LeaseLimits): number {
  if (kind === "stream") return limits.idleStreamMs;
  if (kind === "socket") return limits.idleSocketMs;
  return Math.min(limits.requestTimeoutMs, REQUEST_LEASE_MS);
}
