import { newLifecycle, type Lifecycle, type Phase } from "../../../src/core/lifecycle/phase.ts";
import { DEFAULT_POLICY, type Policy } from "../../../src/core/lifecycle/policy.ts";

/** What the literal cases are decided by: sleepAfter 10 min, drain 30 s, grace 30 s. */
export const POLICY: Policy = DEFAULT_POLICY;

export const STOPPED = { kind: "stopped", run: 1, sinceMs: 9_000, exitCode: null } as const;
export const BACKOFF = { ...STOPPED, kind: "backoff", exitCode: 3, retryAtMs: 20_000 } as const;
export const FAILED = { ...BACKOFF, kind: "failed", retryAtMs: 69_000, trials: 0 } as const;

const RUN = { run: 1, startedAtMs: 1_000 } as const;
export const STARTING = { ...RUN, kind: "starting", sinceMs: 1_000 } as const;
export const RUNNING = { ...RUN, kind: "running", sinceMs: 2_000 } as const;
export const READY = { ...RUN, kind: "ready", sinceMs: 3_000 } as const;

const ENDING = { ...RUN, sinceMs: 10_000, cause: "stop" } as const;
export const DRAINING = { ...ENDING, kind: "draining", signal: 15, untilMs: 40_000 } as const;
export const SAVING = { ...ENDING, kind: "saving", signal: 15, untilMs: 70_000 } as const;
export const STOPPING = { ...ENDING, kind: "stopping", killAtMs: 40_000 } as const;

export const DOWN = [STOPPED, BACKOFF, FAILED] as const;
export const USABLE = [STARTING, RUNNING, READY] as const;
export const ENDINGS = [DRAINING, SAVING, STOPPING] as const;
export const LIVE = [...USABLE, ...ENDINGS] as const;

/** A lifecycle in one phase, with nothing else to tell. */
export function lifecycleIn(phase: Phase, rest: Partial<Lifecycle> = {}): Lifecycle {
  return { ...newLifecycle(0), ...rest, phase };
}
