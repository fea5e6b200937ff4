import { describe, expect, it } from "vitest";
import { newLifecycle } from "../../../src/core/lifecycle/phase.ts";
import {
  fromRunRecord,
  RUN_RECORD_KEY,
  toRunRecord,
  type Instance,
  type RunRecord,
} from "../../../src/core/lifecycle/run-record.ts";
import { lifecycleIn, LIVE, READY, STOPPED } from "./lifecycles.ts";

const NEW: Instance = {
  lifecycle: newLifecycle(99),
  lastActivityMs: 99,
  alarmAtMs: null,
  userAlarmAtMs: null,
  userAlarmTries: 0,
  holds: {},
  busyMs: 0,
  wakeUps: 0,
};

const USED: Instance = {
  lifecycle: lifecycleIn(READY, {
    crashes: { streak: 2, atMs: [5] },
    usage: { starts: 3, startsAtMs: [1], runMs: 7, day: 0, dayRunMs: 7 },
  }),
  lastActivityMs: 30,
  alarmAtMs: 40,
  userAlarmAtMs: 50,
  userAlarmTries: 1,
  holds: { job: 60 },
  busyMs: 70,
  wakeUps: 8,
};

/** What storage gives back, as an old or another package may have written it. */
function stored(record: object): RunRecord {
  const clone: unknown = structuredClone(record);
  return clone as RunRecord;
}

describe("toRunRecord()", () => {
  it("shows the peer its own words under its own key", () => {
    const instance = { ...NEW, lifecycle: lifecycleIn({ ...STOPPED, exitCode: 3 }) };
    expect(toRunRecord(instance)).toEqual({
      status: "stopped_with_code",
      exitCode: 3,
      lastChange: 9_000,
      berth: instance,
    });
    expect(RUN_RECORD_KEY).toBe("__CF_CONTAINER_STATE");
  });
});

describe("fromRunRecord()", () => {
  it("reads back what was written", () => {
    expect(fromRunRecord(stored(toRunRecord(USED)), 99)).toEqual(USED);
  });

  it.each(LIVE)("reads back every phase: $kind", (phase) => {
    const instance = { ...USED, lifecycle: lifecycleIn(phase) };
    expect(fromRunRecord(stored(toRunRecord(instance)), 99)).toEqual(instance);
  });

  it.each([
    { status: "healthy", lastChange: 7 },
    { status: "running", lastChange: 7 },
    { status: "stopping", lastChange: 7 },
    { status: "stopped", lastChange: 7 },
    { status: "stopped_with_code", exitCode: 3, lastChange: 7 },
  ])("takes a record of the peer that says $status as a new instance", (record) => {
    expect(fromRunRecord(stored(record), 99)).toEqual(NEW);
  });

  it("fills in what an older version of this package did not write", () => {
    const phase = { kind: "ready", run: 4, sinceMs: 20, startedAtMs: 10 } as const;
    const berth = { lifecycle: { phase, outbox: [] }, lastActivityMs: 30, alarmAtMs: 40 };
    expect(fromRunRecord(stored({ status: "healthy", lastChange: 20, berth }), 99)).toEqual({
      ...NEW,
      lifecycle: { ...newLifecycle(99), phase },
      lastActivityMs: 30,
      alarmAtMs: 40,
    });
  });

  it("starts afresh without a record", () => {
    expect(fromRunRecord(undefined, 99)).toEqual(NEW);
  });
});
