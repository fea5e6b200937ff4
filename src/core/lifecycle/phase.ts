/** Why a run ended. `unknown` means that nobody saw it: never a made-up exit code. */
export type StopCause =
  "exit" | "signal" | "rollout" | "oom" | "idle" | "stop" | "destroy" | "admission" | "unknown";

/** What is known of the end of one run. */
export interface StopRecord {
  /** Number of the run, rising by one with each start of the instance. */
  readonly runId: number;
  /** Why it ended. */
  readonly cause: StopCause;
  /** Exit code of the container, `null` when it was not observed. */
  readonly exitCode: number | null;
  /** When the run was started, in milliseconds since the epoch. */
  readonly startedAtMs: number;
  /** When its end was noticed, in milliseconds since the epoch. */
  readonly endedAtMs: number;
}

/** A stop record whose `onStop` has not succeeded yet. */
export interface PendingStop {
  readonly record: StopRecord;
  /** How many times `onStop` failed for it. */
  readonly failures: number;
  /** When to call the hook again if nothing was heard of it, in milliseconds since the epoch. */
  readonly dueAtMs: number;
}

/** No container runs. `run` is the number of the last one, 0 before the first. */
export interface Stopped {
  readonly kind: "stopped";
  readonly run: number;
  readonly sinceMs: number;
  readonly exitCode: number | null;
}

interface Live {
  readonly run: number;
  readonly sinceMs: number;
  readonly startedAtMs: number;
}

interface Expirable extends Live {
  /** Set from the idle deadline until `onActivityExpired` has returned. */
  readonly expiredAtMs?: number;
}

/** `start()` was issued; nothing answers yet. */
export interface Starting extends Expirable {
  readonly kind: "starting";
}

/** The container is up, and nobody asked whether its ports answer. */
export interface Running extends Expirable {
  readonly kind: "running";
}

/** The container is up and answered its probes. */
export interface Ready extends Expirable {
  readonly kind: "ready";
}

/** The container was told to end. */
export interface Stopping extends Live {
  readonly kind: "stopping";
  readonly cause: StopCause;
  /** When it is destroyed if it has not ended by itself. */
  readonly killAtMs: number;
}

/** The one state of an instance. */
export type Phase = Stopped | Starting | Running | Ready | Stopping;

/** A phase in which a container exists. */
export type LivePhase = Exclude<Phase, Stopped>;

/** Everything about an instance that outlives the Durable Object's memory. */
export interface Lifecycle {
  readonly phase: Phase;
  readonly outbox: readonly PendingStop[];
}

/** The lifecycle of an instance that never started. */
export function newLifecycle(atMs: number): Lifecycle {
  return { phase: { kind: "stopped", run: 0, sinceMs: atMs, exitCode: null }, outbox: [] };
}

/** Whether a container exists in this phase. */
export function isLive(phase: Phase): phase is LivePhase {
  return phase.kind !== "stopped";
}
