import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { idleAtMs, leaseDeadlineMs, LEASE_TTL_MS, type Lease } from "../../src/core/lease.ts";

const SLEEP_AFTER_MS = 600_000;

describe("idleAtMs()", () => {
  it("is the last activity and sleepAfter when nothing is under way", () => {
    expect(idleAtMs([], { lastActivityMs: 1_000, sleepAfterMs: SLEEP_AFTER_MS }, 2_000)).toBe(
      601_000,
    );
  });

  it("is never before sleepAfter from now while a lease lives", () => {
    const lease: Lease = { kind: "stream", activeAtMs: 1_000 };
    expect(
      idleAtMs([lease], { lastActivityMs: 1_000, sleepAfterMs: SLEEP_AFTER_MS }, 900_000),
    ).toBe(1_500_000);
  });

  it("is the lease's deadline when that comes first", () => {
    const lease: Lease = { kind: "request", activeAtMs: 0 };
    const nowMs = LEASE_TTL_MS.request - 10;
    expect(idleAtMs([lease], { lastActivityMs: 0, sleepAfterMs: SLEEP_AFTER_MS }, nowMs)).toBe(
      LEASE_TTL_MS.request,
    );
  });

  it("ignores a lease that ran out, so that nothing pins a container (#241)", () => {
    const lease: Lease = { kind: "request", activeAtMs: 0 };
    const nowMs = leaseDeadlineMs(lease);
    expect(idleAtMs([lease], { lastActivityMs: 0, sleepAfterMs: SLEEP_AFTER_MS }, nowMs)).toBe(
      SLEEP_AFTER_MS,
    );
  });

  it("lies never further ahead than sleepAfter from the later of now and the last activity", () => {
    const LEASE = fc.record({
      kind: fc.constantFrom("request" as const, "stream" as const, "socket" as const),
      activeAtMs: fc.nat(10_000_000),
    });
    fc.assert(
      fc.property(fc.array(LEASE), fc.nat(10_000_000), fc.nat(10_000_000), (leases, last, now) => {
        const idle = idleAtMs(leases, { lastActivityMs: last, sleepAfterMs: SLEEP_AFTER_MS }, now);
        expect(idle).toBeGreaterThanOrEqual(last + SLEEP_AFTER_MS);
        expect(idle).toBeLessThanOrEqual(Math.max(last, now) + SLEEP_AFTER_MS);
      }),
    );
  });
});
