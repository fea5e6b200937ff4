import type { Lifecycle } from "./phase.ts";

/** What `getState()` answers: the shape of @cloudflare/containers 0.3.7. */
export type State = {
  /** When the status last changed, in milliseconds since the epoch. */
  lastChange: number;
} & (
  | { status: "running" | "stopping" | "stopped" | "healthy" }
  | { status: "stopped_with_code"; exitCode?: number }
);

/**
 * Describes a lifecycle in the peer's words: `running` is up but not proven ready, `healthy` is
 * ready, `stopped_with_code` ended with an exit code that was seen.
 */
export function publicState(lifecycle: Lifecycle): State {
  const { phase } = lifecycle;
  const lastChange = phase.sinceMs;
  switch (phase.kind) {
    case "starting":
    case "running":
      return { lastChange, status: "running" };
    case "ready":
      return { lastChange, status: "healthy" };
    case "stopping":
      return { lastChange, status: "stopping" };
    case "stopped":
      if (phase.exitCode === null) return { lastChange, status: "stopped" };
      return { lastChange, status: "stopped_with_code", exitCode: phase.exitCode };
  }
}
