import { describe, expect, it } from "vitest";
import { newLifecycle } from "../../../src/core/lifecycle/phase.ts";
import { publicState } from "../../../src/core/lifecycle/public-state.ts";
import { fromRunRecord, toRunRecord } from "../../../src/core/lifecycle/run-record.ts";

describe("run record", () => {
  it("reads back what it wrote", () => {
    const instance = {
      lifecycle: {
        phase: { kind: "ready", run: 4, sinceMs: 20, startedAtMs: 10 },
        outbox: [],
      },
      lastActivityMs: 30,
      alarmAtMs: 40,
    } as const;
    const stored: unknown = structuredClone(toRunRecord(instance));
    expect(fromRunRecord(stored as ReturnType<typeof toRunRecord>, 99)).toEqual(instance);
  });

  it("shows the peer its own words under its own key", () => {
    const phase = { kind: "stopped", run: 1, sinceMs: 20, exitCode: 3 } as const;
    expect(
      toRunRecord({ lifecycle: { phase, outbox: [] }, lastActivityMs: 0, alarmAtMs: null }),
    ).toMatchObject({ status: "stopped_with_code", exitCode: 3, lastChange: 20 });
  });

  it("takes a record of the peer as stopped, so that reconciliation adopts its container", () => {
    const instance = fromRunRecord({ status: "healthy", lastChange: 7 }, 99);
    expect(instance).toEqual({ lifecycle: newLifecycle(99), lastActivityMs: 99, alarmAtMs: null });
  });

  it("starts afresh without a record", () => {
    expect(fromRunRecord(undefined, 99).lifecycle).toEqual(newLifecycle(99));
  });
});

describe("publicState()", () => {
  it.each([
    [{ kind: "starting", run: 1, sinceMs: 5, startedAtMs: 1 }, "running"],
    [{ kind: "running", run: 1, sinceMs: 5, startedAtMs: 1 }, "running"],
    [{ kind: "ready", run: 1, sinceMs: 5, startedAtMs: 1 }, "healthy"],
    [
      { kind: "stopping", run: 1, sinceMs: 5, startedAtMs: 1, cause: "stop", killAtMs: 9 },
      "stopping",
    ],
    [{ kind: "stopped", run: 1, sinceMs: 5, exitCode: null }, "stopped"],
  ] as const)("calls %o %s", (phase, status) => {
    expect(publicState({ phase, outbox: [] })).toEqual({ status, lastChange: 5 });
  });

  it("gives the exit code where one was seen, 0 included", () => {
    const phase = { kind: "stopped", run: 1, sinceMs: 5, exitCode: 0 } as const;
    expect(publicState({ phase, outbox: [] })).toEqual({
      status: "stopped_with_code",
      exitCode: 0,
      lastChange: 5,
    });
  });
});
