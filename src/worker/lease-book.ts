import { idleAtMs, type Lease, type LeaseKind } from "../core/lease.ts";

/** The leases of one object's memory. They are gone with it, and with them what they stood for. */
export class LeaseBook {
  readonly #leases = new Set<Lease>();

  /** Opens a lease; close it with {@link LeaseBook.close}. */
  open(kind: LeaseKind, nowMs: number): Lease {
    const lease: Lease = { kind, activeAtMs: nowMs };
    this.#leases.add(lease);
    return lease;
  }

  /** Ends a lease. Says whether it was open, so that its end is told only once. */
  close(lease: Lease): boolean {
    return this.#leases.delete(lease);
  }

  /** When the instance is idle for too long if nothing more happens. */
  idleAtMs(lastActivityMs: number, sleepAfterMs: number, nowMs: number): number {
    return idleAtMs(this.#leases, lastActivityMs, sleepAfterMs, nowMs);
  }
}
