import { describe, expect, it } from "vitest";
import type { PendingStop } from "../../../src/core/lifecycle/phase.ts";
import { HOOK_TIMEOUT_MS, MAX_STOP_DELIVERIES } from "../../../src/core/lifecycle/policy.ts";
import { stay, type Step } from "../../../src/core/lifecycle/step.ts";
import { deliver, onStopDelivered } from "../../../src/core/lifecycle/stop-delivery.ts";
import { lifecycleIn, STOPPED } from "./lifecycles.ts";

function pendingOf(runId: number, failures: number, dueAtMs: number): PendingStop {
  const record = { runId, cause: "exit", exitCode: 0, startedAtMs: 0, endedAtMs: 1 } as const;
  return { record, failures, dueAtMs };
}

const FIRST = pendingOf(1, 0, 60_001);
const SECOND = pendingOf(2, 3, 70_000);
const LAST = pendingOf(1, MAX_STOP_DELIVERIES - 1, 65_000);
const GAVE_UP = {
  kind: "report",
  code: "HOOK_FAILED",
  text: "Gave up onStop for run 1: it kept failing, or never returned",
};

function withOutbox(...outbox: readonly PendingStop[]): Step {
  return stay(lifecycleIn(STOPPED, { outbox }), { kind: "watch-exit" });
}

function answered(outcome: "handled" | "failed", ...outbox: readonly PendingStop[]): Step {
  const event = { kind: "stop-delivered", atMs: 62_000, runId: 1, outcome } as const;
  return onStopDelivered(withOutbox(...outbox).lifecycle, event);
}

describe("onStopDelivered()", () => {
  it("drops the record whose hook succeeded, and no other", () => {
    const step = answered("handled", FIRST, SECOND);
    expect(step.lifecycle.outbox).toEqual([SECOND]);
    expect(step.commands).toEqual([]);
  });

  it.each([1_000, 2_000, 4_000, 8_000])("calls one that failed again after %d ms", (delayMs) => {
    const failures = Math.log2(delayMs / 1_000);
    const step = answered("failed", pendingOf(1, failures, 60_001), SECOND);
    expect(step.lifecycle.outbox).toEqual([SECOND, pendingOf(1, failures, 62_000 + delayMs)]);
    expect(step.commands).toEqual([]);
  });

  it("L4: gives up after the last call, and says so", () => {
    const step = answered("failed", LAST, SECOND);
    expect(step.lifecycle.outbox).toEqual([SECOND]);
    expect(step.commands).toEqual([GAVE_UP]);
    expect(MAX_STOP_DELIVERIES).toBe(5);
  });

  it("takes no note of a hook that nobody waits for", () => {
    const step = answered("failed", SECOND);
    expect(step.lifecycle.outbox).toEqual([SECOND]);
    expect(step.commands).toEqual([]);
  });
});

describe("deliver()", () => {
  it("calls what is due before all else, and waits anew for the answer", () => {
    const step = deliver(withOutbox(FIRST, SECOND), 60_001, 60_001);
    const dueAtMs = 60_001 + HOOK_TIMEOUT_MS;
    expect(step.lifecycle.outbox).toEqual([pendingOf(1, 1, dueAtMs), SECOND]);
    expect(step.commands).toEqual([
      { kind: "call-on-stop", record: FIRST.record },
      { kind: "watch-exit" },
    ]);
    expect(HOOK_TIMEOUT_MS).toBe(60_000);
  });

  it("calls nothing that is not due", () => {
    const step = withOutbox(FIRST, SECOND);
    expect(deliver(step, 60_000, 60_000)).toBe(step);
  });

  it("calls all, due or not, where the object that waited for them is gone", () => {
    const step = deliver(withOutbox(FIRST, SECOND), 10_000, Infinity);
    expect(step.commands.map(({ kind }) => kind)).toEqual([
      "call-on-stop",
      "call-on-stop",
      "watch-exit",
    ]);
  });

  it("L4: gives up what was called for the last time and never answered", () => {
    const step = deliver(withOutbox(LAST, SECOND), 65_000, 65_000);
    expect(step.lifecycle.outbox).toEqual([SECOND]);
    expect(step.commands).toEqual([GAVE_UP, { kind: "watch-exit" }]);
  });
});
