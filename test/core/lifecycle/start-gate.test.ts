import { describe, expect, it } from "vitest";
import { startGate } from "../../../src/core/lifecycle/start-gate.ts";
import { newUsage } from "../../../src/core/lifecycle/usage.ts";
import { BACKOFF, FAILED, lifecycleIn, POLICY, STOPPED } from "./lifecycles.ts";

const DAY_MS = 86_400_000;
const HOUR_MS = 3_600_000;
const OPEN = { kind: "open" };

describe("startGate()", () => {
  it("is open for an instance that stopped", () => {
    expect(startGate(lifecycleIn(STOPPED), POLICY, 10_000)).toEqual(OPEN);
  });

  it.each([
    [BACKOFF, "RESTARTING"],
    [FAILED, "CRASH_LOOP"],
  ] as const)("is closed for the whole pause after a crash: $kind", (phase, code) => {
    const { retryAtMs } = phase;
    const lifecycle = lifecycleIn(phase);
    const closed = { kind: "closed", code, untilMs: retryAtMs };
    expect(startGate(lifecycle, POLICY, retryAtMs - 1)).toEqual(closed);
    expect(startGate(lifecycle, POLICY, retryAtMs)).toEqual(OPEN);
  });

  it("is closed until midnight of UTC when the day's budget is spent", () => {
    const policy = { ...POLICY, runMsPerDay: HOUR_MS };
    const usage = { ...newUsage(0), dayRunMs: HOUR_MS };
    expect(startGate(lifecycleIn(STOPPED, { usage }), policy, 5_000)).toEqual({
      kind: "closed",
      code: "BUDGET_SPENT",
      untilMs: DAY_MS,
    });
    expect(startGate(lifecycleIn(STOPPED, { usage }), policy, DAY_MS)).toEqual(OPEN);
    const spared = { ...usage, dayRunMs: HOUR_MS - 1 };
    expect(startGate(lifecycleIn(STOPPED, { usage: spared }), policy, 5_000)).toEqual(OPEN);
  });

  it("is closed while as many runs as are allowed began within the hour", () => {
    const policy = { ...POLICY, maxRunsPerHour: 2 };
    const usage = { ...newUsage(0), startsAtMs: [1_000, 2_000] };
    const lifecycle = lifecycleIn(STOPPED, { usage });
    const untilMs = 1_000 + HOUR_MS;
    expect(startGate(lifecycle, policy, 5_000)).toEqual({
      kind: "closed",
      code: "RUN_LIMIT",
      untilMs,
    });
    expect(startGate(lifecycle, policy, untilMs)).toEqual(OPEN);
  });
});
