import { describe, expect, it } from "vitest";
import { DEFAULT_POLICY } from "../../../src/core/lifecycle/policy.ts";

const SECOND_MS = 1_000;
const MINUTE_MS = 60 * SECOND_MS;

describe("DEFAULT_POLICY", () => {
  it("is what the README says of a class that sets nothing", () => {
    expect(DEFAULT_POLICY).toEqual({
      sleepAfterMs: 10 * MINUTE_MS,
      drainMs: 30 * SECOND_MS,
      stopGraceMs: 30 * SECOND_MS,
      saveIdleMs: 0,
      saveStopMs: 0,
      bootTimeoutMs: 5 * MINUTE_MS,
      instanceTimeoutMs: 30 * SECOND_MS,
      readyTimeoutMs: MINUTE_MS,
      probeTimeoutMs: 5 * SECOND_MS,
      requestTimeoutMs: Infinity,
      idleStreamMs: 15 * MINUTE_MS,
      idleSocketMs: 60 * MINUTE_MS,
      maxLifetimeMs: Infinity,
      maxRunsPerHour: Infinity,
      runMsPerDay: Infinity,
    });
  });
});
