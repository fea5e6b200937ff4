import { countInFlight, type Lease, type LeaseKind, type LeaseLimits } from "../core/lease.ts";
import type { Clock } from "../ports/clock.ts";

/** The leases of one object in memory. They are gone with it, as what they stand for. */
export class LeaseBook {
  readonly #clock: Clock;
  readonly #leases = new Set<Lease>();
  #busySinceMs = 0;
  #busyMs = 0;

  constructor(clock: Clock) {
    this.#clock = clock;
  }

  /** Those that are open. */
  get open(): ReadonlySet<Lease> {
    return this.#leases;
  }

  /** Opens a lease, and says from when on the instance is busy. */
  add(kind: LeaseKind, ttlMs?: number): Lease {
    const lease = { kind, activeAtMs: this.#clock.now(), ...(ttlMs !== undefined && { ttlMs }) };
    if (this.#leases.size === 0) this.#busySinceMs = lease.activeAtMs;
    this.#leases.add(lease);
    return lease;
  }

  /** Closes a lease. Returns whether it was open. */
  remove(lease: Lease): boolean {
    const wasOpen = this.#leases.delete(lease);
    if (wasOpen && this.#leases.size === 0) {
      this.#busyMs += Math.max(0, this.#clock.now() - this.#busySinceMs);
    }
    return wasOpen;
  }

  /** How many requests, bodies and sockets the container has now. */
  inFlight(limits: LeaseLimits): number {
    return countInFlight(this.#leases, limits, this.#clock.now());
  }

  /** The time in which a lease was open since this was last asked, in milliseconds. */
  takeBusyMs(): number {
    const nowMs = this.#clock.now();
    const openMs = this.#leases.size > 0 ? Math.max(0, nowMs - this.#busySinceMs) : 0;
    const busyMs = this.#busyMs + openMs;
    this.#busySinceMs = nowMs;
    this.#busyMs = 0;
    return busyMs;
  }

  /**
   * Gives every lease so much more time: the clock was set, or the object was not run, and neither
   * says anything of the leases.
   */
  forgive(lateMs: number): void {
    for (const lease of this.#leases) lease.activeAtMs += lateMs;
  }
}
