import { isLive, type Phase } from "../core/lifecycle/phase.ts";
import type { Policy } from "../core/lifecycle/policy.ts";
import type { ContainerError } from "../errors/container-error.ts";
import {
  abortError,
  CONTAINER,
  gateError,
  noInstanceError,
  portError,
} from "./admission-errors.ts";
import type { RunStarter } from "./run-starter.ts";
import type { Patience } from "./shared-task.ts";
import type { Supervisor } from "./supervisor.ts";
import type { WaitBudget } from "./wait-budget.ts";

/** Who waits for what, since when. */
export interface Waiting {
  /** Key of the gate. */
  readonly gate: number;
  readonly budget: WaitBudget;
  readonly startedAtMs: number;
  readonly supervisor: Supervisor;
  readonly starter: RunStarter;
  now(): number;
  /** Whether the platform has given an instance. */
  isUp(): boolean;
}

/**
 * How one caller waits: for an instance, and for it and the app together. While a container ends,
 * which its successor has to wait for, nobody's time runs out.
 */
export function patienceOf(waiting: Waiting): Patience {
  const { gate, budget, startedAtMs, supervisor } = waiting;
  const { policy } = supervisor;
  const graceMs = endingMs(supervisor.phase, policy, waiting.now());
  const readyTimeoutMs = budget.readyTimeoutMs ?? policy.readyTimeoutMs + graceMs;
  const instanceTimeoutMs = budget.instanceTimeoutMs ?? policy.instanceTimeoutMs + graceMs;
  return {
    signal: budget.signal,
    timeoutMs: Math.min(instanceTimeoutMs, readyTimeoutMs),
    onTimeout: () => {
      const waitedMs = waiting.now() - startedAtMs;
      const isUp = waiting.isUp();
      const limitMs = isUp ? readyTimeoutMs : Math.min(instanceTimeoutMs, readyTimeoutMs);
      if (waitedMs < limitMs) return limitMs - waitedMs;
      const isInstanceLate = !isUp && waitedMs >= instanceTimeoutMs;
      return timeoutError(waiting, isInstanceLate ? CONTAINER : gate, waitedMs);
    },
    onAbort: () => abortError(gate),
  };
}

function timeoutError(waiting: Waiting, gate: number, waitedMs: number): ContainerError {
  const { starter, supervisor } = waiting;
  const start = starter.gate;
  if (start.kind === "closed" && !isLive(supervisor.phase)) return gateError(start, waiting.now());
  return gate === CONTAINER
    ? noInstanceError(starter.refusal, waitedMs)
    : portError(gate, waitedMs);
}

/** How long a container that is ending may take before its successor can start. */
function endingMs(phase: Phase, policy: Policy, nowMs: number): number {
  const { stopGraceMs, saveIdleMs, saveStopMs } = policy;
  if (phase.kind === "stopping") return Math.max(0, phase.killAtMs - nowMs);
  if (phase.kind !== "draining" && phase.kind !== "saving") return 0;
  const saveMs = phase.cause === "idle" ? saveIdleMs : saveStopMs;
  const leftMs = Math.max(0, phase.untilMs - nowMs);
  return leftMs + stopGraceMs + (phase.kind === "draining" ? saveMs : 0);
}
