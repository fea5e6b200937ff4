import type { Lifecycle } from "./phase.ts";

/** What `getState()` answers: the shape of @cloudflare/containers 0.3.7. */
export type State = {
  /** When the status last changed, in milliseconds since the epoch. */
  lastChange: number;
} & (
  | { status: "running" | "stopping" | "stopped" | "healthy" }
  | { status: "stopped_with_code"; exitCode?: number }
);

const STATUS = {
  starting: "running",
  running: "running",
  ready: "healthy",
  draining: "stopping",
  saving: "stopping",
  stopping: "stopping",
  stopped: "stopped",
  backoff: "stopped",
  failed: "stopped",
} as const;

/**
 * Describes a lifecycle in the peer's words: `running` is up but not proven ready, `healthy` is
 * ready, `stopped_with_code` ended with an exit code that was seen.
 */
export function publicState(lifecycle: Lifecycle): State {
  const { phase } = lifecycle;
  const lastChange = phase.sinceMs;
  if ("exitCode" in phase && phase.exitCode !== null) {
    return { lastChange, status: "stopped_with_code", exitCode: phase.exitCode };
  }
  return { lastChange, status: STATUS[phase.kind] };
}
