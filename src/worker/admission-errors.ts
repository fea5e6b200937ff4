import type { StartGate } from "../core/lifecycle/start-gate.ts";
import type { StopRecord } from "../core/lifecycle/phase.ts";
import { ContainerError } from "../errors/container-error.ts";
import { toContainerError } from "../errors/from-runtime.ts";

/** Key of the gate that waits for the container itself, whatever its ports do. */
export const CONTAINER = 0;

/** Key of the gate that waits for the class's own readiness check. */
export const READY = -1;

/** What a caller gets who left. */
export function abortError(gate: number): ContainerError {
  return new ContainerError("ABORTED", `Stopped waiting for ${nameOf(gate)}: the caller left`);
}

/** What a caller gets whose patience the app outlasted. */
export function portError(gate: number, waitedMs: number): ContainerError {
  const how =
    gate === READY ? "see that the check of `ready` can pass" : `listen on 0.0.0.0:${gate}`;
  return new ContainerError(
    "PORT_TIMEOUT",
    `Cannot reach ${nameOf(gate)}: no answer for ${waitedMs} ms; ${how}, or raise startup.readyTimeout`,
    { details: { port: gate, waitedMs } },
  );
}

/** What a caller gets whose patience the platform outlasted. */
export function noInstanceError(refusal: unknown, waitedMs: number): ContainerError {
  if (refusal !== undefined) {
    return toContainerError(refusal, `start the container within ${waitedMs} ms`);
  }
  return new ContainerError(
    "START_TIMEOUT",
    `Cannot start the container: no instance after ${waitedMs} ms; raise startup.instanceTimeout`,
  );
}

/** What a caller gets who wants no start. */
export function notRunningError(action: string): ContainerError {
  return new ContainerError(
    "NOT_RUNNING",
    `Cannot ${action}: the container is not running; call start() first`,
  );
}

/** What a caller gets who does not wait for a boot. */
export function notReadyError(): ContainerError {
  return new ContainerError(
    "NOT_LISTENING",
    "Cannot forward the request: the app is not ready yet; use fetch() to wait for it",
  );
}

/** What a caller gets whose container ended under it. */
export function exitedError(record: StopRecord, retryAfterMs: number | undefined): ContainerError {
  const { exitCode, cause } = record;
  return new ContainerError(
    "EXITED",
    `Cannot reach the container: it ended with exit code ${exitCode ?? "unknown"} (${cause}); check its log`,
    { details: { exitCode, cause }, retryAfterMs },
  );
}

/** What a caller gets while no run may begin. */
export function gateError(
  gate: Extract<StartGate, { kind: "closed" }>,
  nowMs: number,
): ContainerError {
  const retryAfterMs = Math.max(1, gate.untilMs - nowMs);
  return new ContainerError(
    gate.code,
    `Cannot start the container: ${REASONS[gate.code] ?? gate.code}, for ${retryAfterMs} ms more`,
    { details: { untilMs: gate.untilMs }, retryAfterMs },
  );
}

const REASONS: Readonly<Record<string, string>> = {
  RESTARTING: "it crashed and waits for its next start",
  CRASH_LOOP: "it crashed too often; check its log",
  BUDGET_SPENT: "budget.runSecondsPerDay is spent",
  RUN_LIMIT: "maxRunsPerHour is reached",
};

function nameOf(gate: number): string {
  if (gate === CONTAINER) return "the container";
  return gate === READY ? "the app" : `port ${gate}`;
}
