// What rigs and bench/workers/fake-port.ts tell each other.

/** What instances are made of. */
export type Kind = "ours" | "peer" | "floor";

/** A cold start to come. */
export interface ColdPlan {
  readonly kind: Kind;
  /** When it begins, from the beginning of all. */
  readonly beginAfterMs: number;
  /** The app's own readiness delay. */
  readonly readyAfterMs: number;
}

/** One cold start. */
export interface ColdStart {
  /** Time to the response. */
  readonly tookMs: number;
  /** Requests that met the closed port. */
  readonly probes: number;
  readonly awaited: readonly string[];
}

/** Many first requests at once, to come. */
export interface HerdPlan {
  readonly kind: Kind;
  readonly readyAfterMs: number;
  readonly count: number;
}

/** Many first requests at once. */
export interface Herd {
  readonly tookMs: number;
  readonly failures: number;
  readonly starts: number;
  readonly onStarts: number;
  readonly probes: number;
}
