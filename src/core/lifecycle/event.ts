import type { StopCause } from "./phase.ts";
import type { RunOrigin } from "./run-origin.ts";

/** What a run's end looked like to whoever saw it. */
export interface ObservedExit {
  readonly exitCode: number | null;
  readonly cause: StopCause;
}

/**
 * What an app does that is silent for too long: one that was ready, or one that boots. A port that is closed may belong to an app that ends
 * what it began and takes no more; one that takes requests and answers none has lost them.
 */
export type Silence = "closed" | "hung";

/**
 * Something that happened to an instance. What speaks of a run carries its number, so that what an
 * older run says late is ignored. `inFlight` is how many requests, bodies and sockets the container
 * has at that moment; `random` is a number from 0 to 1.
 */
export type Happening =
  | { readonly kind: "constructed" | "observed"; readonly isRunning: boolean }
  | { readonly kind: "start-requested"; readonly origin?: RunOrigin | undefined }
  | { readonly kind: "destroy-requested" }
  | {
      readonly kind: "start-refused";
      readonly run: number;
      /** The platform has none to give, or the image does not run. */
      readonly reason: "capacity" | "failure";
      readonly random: number;
    }
  | {
      readonly kind: "up" | "ready" | "quiet" | "saved";
      readonly run: number;
    }
  | {
      readonly kind: "expiry-handled";
      readonly run: number;
      /** A deploy has made the run old, and it is to end when it is idle. */
      readonly isOutdated?: boolean;
      readonly inFlight?: number;
    }
  | {
      /** A deploy has made the run old, and it is not to go on until it is idle. */
      readonly kind: "outdated";
      readonly run: number;
      readonly how: "drain" | "now";
      readonly inFlight: number;
    }
  | {
      readonly kind: "wedged";
      readonly run: number;
      readonly silence: Silence;
      readonly inFlight: number;
    }
  | {
      readonly kind: "exited";
      readonly run: number;
      readonly exit: ObservedExit;
      readonly random: number;
    }
  | { readonly kind: "stop-requested"; readonly signal: number; readonly inFlight: number }
  | { readonly kind: "alarm"; readonly idleAtMs: number; readonly inFlight: number }
  | {
      readonly kind: "stop-delivered";
      readonly runId: number;
      readonly outcome: "handled" | "failed";
    };

/** A happening and its moment, in milliseconds since the epoch. */
export type LifecycleEvent = Happening & { readonly atMs: number };

/** The event of one kind. */
export type EventOf<Kind extends LifecycleEvent["kind"]> = Extract<LifecycleEvent, { kind: Kind }>;
