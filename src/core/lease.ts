// Leases: what keeps an instance awake. Idleness is computed from them, never counted, so a lease
// that nobody closes stops counting at its deadline and nothing can pin a container for ever.

/** How long each kind of lease counts without a sign of life. */
export const LEASE_TTL_MS = {
  /** A request whose response headers have not come. */
  request: 15 * 60_000,
  /** A body under way: the platform pipes it, so its bytes are not seen. */
  stream: 60 * 60_000,
  /** A WebSocket, from its last message. */
  socket: 60 * 60_000,
} as const;

/** A lease is not looked at more often than this, however short `sleepAfter` is. */
const MIN_RECHECK_MS = 1_000;

/** What a lease stands for. */
export type LeaseKind = keyof typeof LEASE_TTL_MS;

/** One thing that keeps an instance awake. */
export interface Lease {
  /** A request becomes a stream or a socket once its headers came. */
  kind: LeaseKind;
  /** The last sign of life. */
  activeAtMs: number;
}

/** When a lease stops counting if it shows no further sign of life. */
export function leaseDeadlineMs(lease: Lease): number {
  return lease.activeAtMs + LEASE_TTL_MS[lease.kind];
}

/** What idleness is reckoned from where no lease is open. */
export interface Idleness {
  readonly lastActivityMs: number;
  readonly sleepAfterMs: number;
}

/**
 * When an instance has been idle for too long, if nothing more happens.
 *
 * With live leases that is never before `sleepAfterMs` from now, since each may end at any moment
 * and its end is activity; and never before the last of them runs out.
 */
export function idleAtMs(
  leases: Iterable<Lease>,
  { lastActivityMs, sleepAfterMs }: Idleness,
  nowMs: number,
): number {
  let deadlineMs = lastActivityMs + sleepAfterMs;
  const soonestMs = nowMs + Math.max(sleepAfterMs, MIN_RECHECK_MS);
  for (const lease of leases) {
    const leaseEndMs = leaseDeadlineMs(lease);
    if (leaseEndMs <= nowMs) continue;
    deadlineMs = Math.max(deadlineMs, Math.min(leaseEndMs, soonestMs));
  }
  return deadlineMs;
}
