import type { StopCause } from "./phase.ts";

/** What a run's end looked like to whoever saw it. */
export interface ObservedExit {
  readonly exitCode: number | null;
  readonly cause: StopCause;
}

/**
 * Something that happened to an instance. Events that speak of a run carry its number, so that
 * what an older run says late is ignored.
 */
export type LifecycleEvent =
  | { readonly kind: "constructed"; readonly atMs: number; readonly isRunning: boolean }
  | { readonly kind: "start-requested"; readonly atMs: number }
  | { readonly kind: "start-refused"; readonly atMs: number; readonly run: number }
  | { readonly kind: "up"; readonly atMs: number; readonly run: number }
  | { readonly kind: "ready"; readonly atMs: number; readonly run: number }
  | { readonly kind: "observed"; readonly atMs: number; readonly isRunning: boolean }
  | {
      readonly kind: "exited";
      readonly atMs: number;
      readonly run: number;
      readonly exit: ObservedExit;
    }
  | { readonly kind: "stop-requested"; readonly atMs: number; readonly signal: number }
  | { readonly kind: "destroy-requested"; readonly atMs: number }
  | { readonly kind: "alarm"; readonly atMs: number; readonly idleAtMs: number }
  | { readonly kind: "expiry-handled"; readonly atMs: number; readonly run: number }
  | {
      readonly kind: "stop-delivered";
      readonly atMs: number;
      readonly runId: number;
      readonly outcome: "handled" | "failed";
    };
