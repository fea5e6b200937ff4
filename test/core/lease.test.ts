import fc from "fast-check";
import { describe, expect, it } from "vitest";
import {
  countInFlight,
  hasWaited,
  idleAtMs,
  leaseDeadlineMs,
  REQUEST_LEASE_MS,
  type Lease,
  type LeaseKind,
} from "../../src/core/lease.ts";

const POLICY = {
  sleepAfterMs: 600_000,
  requestTimeoutMs: Infinity,
  idleStreamMs: 900_000,
  idleSocketMs: 3_600_000,
};
const IDLE = { lastActivityMs: 1_000, holds: {}, policy: POLICY };
const KINDS: readonly LeaseKind[] = ["wait", "request", "stream", "socket"];

function leaseOf(kind: LeaseKind, activeAtMs: number, ttlMs?: number): Lease {
  return ttlMs === undefined ? { kind, activeAtMs } : { kind, activeAtMs, ttlMs };
}

describe("leaseDeadlineMs()", () => {
  it.each([
    ["wait", 100 + REQUEST_LEASE_MS],
    ["request", 100 + REQUEST_LEASE_MS],
    ["stream", 900_100],
    ["socket", 3_600_100],
  ] as const)("lets a %s without a sign of life count until %d", (kind, expected) => {
    expect(leaseDeadlineMs(leaseOf(kind, 100), POLICY)).toBe(expected);
  });

  it("lets a request count for as long as the class lets it wait, where that is shorter", () => {
    const limits = { ...POLICY, requestTimeoutMs: 5_000 };
    expect(leaseDeadlineMs(leaseOf("request", 100), limits)).toBe(5_100);
    expect(leaseDeadlineMs(leaseOf("stream", 100), limits)).toBe(900_100);
  });

  it("prefers a lease's own time", () => {
    expect(leaseDeadlineMs(leaseOf("socket", 100, 7), POLICY)).toBe(107);
  });

  it("gives a request a quarter of an hour at most", () => {
    expect(REQUEST_LEASE_MS).toBe(15 * 60_000);
  });
});

describe("countInFlight()", () => {
  it("counts what concerns the container: requests, bodies and sockets, not those who wait", () => {
    const leases = KINDS.map((kind) => leaseOf(kind, 1_000));
    expect(countInFlight(leases, POLICY, 2_000)).toBe(3);
  });

  it("counts none whose deadline has come", () => {
    const leases = [leaseOf("stream", 0)];
    expect(countInFlight(leases, POLICY, 899_999)).toBe(1);
    expect(countInFlight(leases, POLICY, 900_000)).toBe(0);
  });
});

describe("hasWaited()", () => {
  it("tells of a request that has waited for so long", () => {
    const leases = [leaseOf("request", 5_000), leaseOf("request", 1_000)];
    expect(hasWaited(leases, 30_000, 30_999)).toBe(false);
    expect(hasWaited(leases, 30_000, 31_000)).toBe(true);
  });

  it.each(["wait", "stream", "socket"] as const)("does not speak of a %s", (kind) => {
    expect(hasWaited([leaseOf(kind, 0)], 30_000, 900_000)).toBe(false);
  });

  it("says no where nothing is open", () => {
    expect(hasWaited([], 0, 900_000)).toBe(false);
  });
});

describe("idleAtMs()", () => {
  it("is the last activity and sleepAfter when nothing is under way", () => {
    expect(idleAtMs([], IDLE, 2_000)).toBe(601_000);
  });

  it("is never before sleepAfter from now while a lease lives", () => {
    expect(idleAtMs([leaseOf("stream", 1_000)], IDLE, 200_000)).toBe(800_000);
  });

  it("is the lease's deadline when that comes first", () => {
    expect(idleAtMs([leaseOf("stream", 1_000)], IDLE, 890_000)).toBe(901_000);
  });

  it("looks at a lease once a second at most, however short sleepAfter is", () => {
    const policy = { ...POLICY, sleepAfterMs: 0 };
    expect(idleAtMs([leaseOf("stream", 1_000)], { ...IDLE, policy }, 5_000)).toBe(6_000);
  });

  it("ignores a lease that ran out, so that nothing pins a container (#241)", () => {
    const lease = leaseOf("request", 0);
    expect(idleAtMs([lease], IDLE, REQUEST_LEASE_MS)).toBe(601_000);
    expect(idleAtMs([lease], IDLE, REQUEST_LEASE_MS - 1)).toBe(REQUEST_LEASE_MS);
  });

  it("keeps what a hold holds until the last of them runs out", () => {
    const holds = { job: 2_000_000, other: 700_000 };
    expect(idleAtMs([], { ...IDLE, holds }, 2_000)).toBe(2_000_000);
    expect(idleAtMs([], { ...IDLE, holds: { job: 500_000 } }, 2_000)).toBe(601_000);
  });

  it("takes activity that a clock once saw in the future as of now", () => {
    expect(idleAtMs([], { ...IDLE, lastActivityMs: 9_000_000 }, 2_000)).toBe(602_000);
  });

  it("lies between the activity's end and sleepAfter from now, for any leases", () => {
    const AT = fc.nat(10_000_000);
    const LEASE = fc.record({ kind: fc.constantFrom(...KINDS), activeAtMs: AT });
    fc.assert(
      fc.property(fc.array(LEASE), AT, AT, (leases, lastActivityMs, nowMs) => {
        const idle = idleAtMs(leases, { lastActivityMs, holds: {}, policy: POLICY }, nowMs);
        expect(idle).toBeGreaterThanOrEqual(Math.min(lastActivityMs, nowMs) + 600_000);
        expect(idle).toBeLessThanOrEqual(nowMs + 600_000);
      }),
    );
  });
});
