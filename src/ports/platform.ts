import type { Clock } from "./clock.ts";
import type { ContainerRuntime } from "./container-runtime.ts";

/**
 * What the shell uses of a Durable Object's storage: synchronous, so nothing waits on it, but for
 * `sync()`, before code of the user that may end the object.
 */
export type ObjectStorage = Pick<
  DurableObjectStorage,
  "kv" | "sql" | "setAlarm" | "deleteAlarm" | "sync"
>;

/** Something that takes its time, and that a run needs before it can begin. */
export interface StartStep {
  /**
   * Whether a run may begin at once, as far as this goes.
   *
   * @throws {ContainerError} when it can't with what it would be given
   */
  isReady(run: number): boolean;
  /** Does it, once for all who wait for that run. */
  prepare(run: number, abandoned: AbortSignal): Promise<void>;
}

/** What the shell needs of the platform. */
export interface Platform {
  readonly runtime: ContainerRuntime;
  readonly clock: Clock;
  readonly storage: ObjectStorage;
  /** A number from 0 to 1, another at each call. */
  readonly random: () => number;
  /** Keeps the object in memory until the work is settled. */
  readonly keepAlive: (work: Promise<unknown>) => void;
  /** What has to be done before a run may begin, in this order. */
  readonly startSteps: readonly StartStep[];
}
