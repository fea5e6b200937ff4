import { NO_CRASHES, type Crashes } from "./crashes.ts";
import type { RunOrigin } from "./run-origin.ts";
import { newUsage, type Usage } from "./usage.ts";

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
  /** How many calls of `onStop` for it were in vain, the last one not counted. */
  readonly failures: number;
  /** When to call the hook again if nothing was heard of it, in milliseconds since the epoch. */
  readonly dueAtMs: number;
}

interface Down {
  /** The number of the last run, 0 before the first. */
  readonly run: number;
  readonly sinceMs: number;
  readonly exitCode: number | null;
}

/** No container runs. */
export interface Stopped extends Down {
  readonly kind: "stopped";
}

/** The last run crashed: the next may begin at `retryAtMs`, if somebody wants it then. */
export interface Backoff extends Down {
  readonly kind: "backoff";
  readonly retryAtMs: number;
}

/** Runs crashed too often: one more is tried at `retryAtMs`, if somebody wants it then. */
export interface Failed extends Down {
  readonly kind: "failed";
  readonly retryAtMs: number;
  /** How many trials have failed since. */
  readonly trials: number;
}

interface Live {
  readonly run: number;
  readonly sinceMs: number;
  readonly startedAtMs: number;
  /** Set while a run has to show that a failed instance works again: how many trials failed. */
  readonly trial?: number;
}

interface Expirable extends Live {
  /** Set from the idle deadline until `onActivityExpired` has returned. */
  readonly expiredAtMs?: number;
}

/** `start()` was issued; nothing answers yet. */
export interface Starting extends Expirable {
  readonly kind: "starting";
}

/** The container is up, and its ports are not known to answer. */
export interface Running extends Expirable {
  readonly kind: "running";
}

/** The container is up and answered its probes. */
export interface Ready extends Expirable {
  readonly kind: "ready";
}

/** What the app did for which its run is ended: its end counts as a crash. */
export type Fault = "wedged" | "boot-timeout";

interface Ending extends Live {
  readonly cause: StopCause;
  readonly fault?: Fault;
}

/** The container takes no new requests; those in flight may end until `untilMs`. */
export interface Draining extends Ending {
  readonly kind: "draining";
  readonly signal: number;
  readonly untilMs: number;
}

/** The container takes no new requests; its files are kept, for which there is time until `untilMs`. */
export interface Saving extends Ending {
  readonly kind: "saving";
  readonly signal: number;
  readonly untilMs: number;
}

/** The container was told to end. */
export interface Stopping extends Ending {
  readonly kind: "stopping";
  /** When it is destroyed if it has not ended by itself. */
  readonly killAtMs: number;
}

/** A phase in which no container exists. */
export type DownPhase = Stopped | Backoff | Failed;

/** A phase in which the container may be used. */
export type UsablePhase = Starting | Running | Ready;

/** A phase in which the container is on its way out. */
export type EndingPhase = Draining | Saving | Stopping;

/** A phase in which a container exists. */
export type LivePhase = UsablePhase | EndingPhase;

/** The one state of an instance. */
export type Phase = DownPhase | LivePhase;

/** Everything about an instance's runs that outlives the Durable Object's memory. */
export interface Lifecycle {
  readonly phase: Phase;
  readonly outbox: readonly PendingStop[];
  readonly crashes: Crashes;
  readonly usage: Usage;
  /** How the last run that ended did so; `null` before that. */
  readonly lastStop: StopRecord | null;
  /** What the present run, or the last one, was started with; `null` where nobody knows. */
  readonly origin: RunOrigin | null;
}

/** The lifecycle of an instance that never started. */
export function newLifecycle(atMs: number): Lifecycle {
  return {
    phase: { kind: "stopped", run: 0, sinceMs: atMs, exitCode: null },
    outbox: [],
    crashes: NO_CRASHES,
    usage: newUsage(atMs),
    lastStop: null,
    origin: null,
  };
}

/** Whether a container exists in this phase. */
export function isLive(phase: Phase): phase is LivePhase {
  return "startedAtMs" in phase;
}

/** Whether the container of this phase is on its way out. */
export function isEnding(phase: Phase): phase is EndingPhase {
  return phase.kind === "draining" || phase.kind === "saving" || phase.kind === "stopping";
}

/** Whether the container of this phase may be used. */
export function isUsable(phase: Phase): phase is UsablePhase {
  return isLive(phase) && !isEnding(phase);
}
