import type { StopCause } from "./phase.ts";

/** What a run's end looked like to whoever saw it. */
export interface ObservedExit {
  readonly exitCode: number | null;
  readonly cause: StopCause;
}

/**
 * Something that happened to an instance. What speaks of a run carries its number, so that what an
 * older run says late is ignored.
 */
export type Happening =
  | { readonly kind: "constructed" | "observed"; readonly isRunning: boolean }
  | { readonly kind: "start-requested" | "destroy-requested" }
  | { readonly kind: "start-refused" | "up" | "ready" | "expiry-handled"; readonly run: number }
  | { readonly kind: "exited"; readonly run: number; readonly exit: ObservedExit }
  | { readonly kind: "stop-requested"; readonly signal: number }
  | { readonly kind: "alarm"; readonly idleAtMs: number }
  | {
      readonly kind: "stop-delivered";
      readonly runId: number;
      readonly outcome: "handled" | "failed";
    };

/** A happening and its moment, in milliseconds since the epoch. */
export type LifecycleEvent = Happening & { readonly atMs: number };
