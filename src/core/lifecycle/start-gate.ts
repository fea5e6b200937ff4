import type { ContainerErrorCode } from "../../errors/codes.ts";
import type { Lifecycle } from "./phase.ts";
import type { Policy } from "./policy.ts";
import { nextDayMs, nextRunMs, runMsToday } from "./usage.ts";

/** Whether a run may begin now; if not, why, and when it may. */
export type StartGate =
  | { readonly kind: "open" }
  | { readonly kind: "closed"; readonly code: ContainerErrorCode; readonly untilMs: number };

const OPEN: StartGate = { kind: "open" };

/** Says whether the next run may begin: not before the pause after a crash, nor beyond a limit. */
export function startGate(lifecycle: Lifecycle, policy: Policy, nowMs: number): StartGate {
  const { phase, usage } = lifecycle;
  if ("retryAtMs" in phase && nowMs < phase.retryAtMs) {
    const code = phase.kind === "failed" ? "CRASH_LOOP" : "RESTARTING";
    return { kind: "closed", code, untilMs: phase.retryAtMs };
  }
  if (runMsToday(usage, undefined, nowMs) >= policy.runMsPerDay) {
    return { kind: "closed", code: "BUDGET_SPENT", untilMs: nextDayMs(nowMs) };
  }
  const untilMs = nextRunMs(usage, policy.maxRunsPerHour, nowMs);
  return untilMs > nowMs ? { kind: "closed", code: "RUN_LIMIT", untilMs } : OPEN;
}
