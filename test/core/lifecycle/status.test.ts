import { describe, expect, it } from "vitest";
import { toStatus, toUsage } from "../../../src/core/lifecycle/status.ts";
import { newUsage } from "../../../src/core/lifecycle/usage.ts";
import { fromRunRecord, type Instance } from "../../../src/core/lifecycle/run-record.ts";
import type { Phase } from "../../../src/core/lifecycle/phase.ts";
import { BACKOFF, FAILED, lifecycleIn, LIVE, READY, STOPPED } from "./lifecycles.ts";

const LAST = { runId: 1, cause: "exit", exitCode: 3, startedAtMs: 0, endedAtMs: 1 } as const;

function instanceIn(phase: Phase, rest: Partial<Instance> = {}): Instance {
  return { ...fromRunRecord(undefined, 0), lifecycle: lifecycleIn(phase), ...rest };
}

describe("toStatus()", () => {
  it("tells what is known of an instance that runs", () => {
    const crashes = { streak: 2, atMs: [1, 2] };
    const lifecycle = lifecycleIn(READY, {
      crashes,
      lastStop: LAST,
      origin: { image: "img@1", build: "v1" },
    });
    const leases = (["request", "socket", "request", "wait"] as const).map((kind) => ({
      kind,
      activeAtMs: 0,
    }));
    expect(
      toStatus(instanceIn(READY, { lifecycle, holds: { job: 5 } }), {
        leases,
        idleAtMs: 603_000,
        wanted: { image: "img@2", build: "v2" },
      }),
    ).toEqual({
      phase: "ready",
      sinceMs: 3_000,
      runId: 1,
      isRunning: true,
      leases: { wait: 1, request: 2, stream: 0, socket: 1, exec: 0 },
      holds: { job: 5 },
      idleAtMs: 603_000,
      retryAtMs: null,
      crashes: 2,
      lastStop: LAST,
      image: { running: "img@1", wanted: "img@2" },
      build: { running: "v1", wanted: "v2" },
    });
  });

  it("tells of no idle deadline where nothing runs", () => {
    expect(
      toStatus(instanceIn(STOPPED), { leases: [], idleAtMs: 603_000, wanted: {} }),
    ).toMatchObject({
      phase: "stopped",
      isRunning: false,
      idleAtMs: null,
      retryAtMs: null,
      lastStop: null,
      image: { running: null, wanted: null },
      build: { running: null, wanted: null },
    });
  });

  it.each([BACKOFF, FAILED])("tells when the next run may begin: $kind", (phase) => {
    expect(toStatus(instanceIn(phase), { leases: [], idleAtMs: 0, wanted: {} }).retryAtMs).toBe(
      phase.retryAtMs,
    );
  });
});

describe("toUsage()", () => {
  const usage = { ...newUsage(0), starts: 3, runMs: 9_000, dayRunMs: 4_000 };

  it("sums up the runs that ended", () => {
    const lifecycle = lifecycleIn(STOPPED, { usage });
    const instance = instanceIn(STOPPED, { lifecycle, busyMs: 6_750, wakeUps: 7 });
    expect(toUsage(instance, 10_000)).toEqual({
      starts: 3,
      runSeconds: 9,
      runSecondsToday: 4,
      idleShare: 0.25,
      wakeUps: 7,
    });
  });

  it.each(LIVE)("counts the run that goes on: $kind", (phase) => {
    const instance = instanceIn(phase, { lifecycle: lifecycleIn(phase, { usage }) });
    expect(toUsage(instance, 11_000)).toMatchObject({
      runSeconds: 19,
      runSecondsToday: 14,
      idleShare: 1,
    });
  });

  it("shows no negative share or time, however the clock was set", () => {
    const instance = instanceIn(READY, { busyMs: 5_000 });
    expect(toUsage(instance, 4_000).idleShare).toBe(0);
    expect(toUsage(instance, 500)).toMatchObject({ runSeconds: 0, idleShare: 0 });
  });

  it("is no idle share where nothing ran", () => {
    expect(toUsage(instanceIn({ ...STOPPED, run: 0 }), 5_000).idleShare).toBe(0);
  });
});
