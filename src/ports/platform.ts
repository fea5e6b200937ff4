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

/** What has to be awaited before a run can begin: its environment. */
export interface StartEnvironment {
  /**
   * Whether a run can begin at once.
   *
   * @throws {ContainerError} `INVALID_ENV` when it can't with what it would be given
   */
  isReady(run: number): boolean;
  /**
   * Has the environment of a run made ready, once for all who wait for it.
   *
   * @throws {ContainerError} `ENV_FAILED`, `INVALID_ENV`
   */
  prepare(run: number, abandoned: AbortSignal): Promise<void>;
}

/** What the shell needs of the platform. */
export interface Platform {
  readonly runtime: ContainerRuntime;
  readonly clock: Clock;
  readonly storage: ObjectStorage;
  readonly environment: StartEnvironment;
  /** A number from 0 to 1, another at each call. */
  readonly random: () => number;
  /** Keeps the object in memory until the work is settled. */
  readonly keepAlive: (work: Promise<unknown>) => void;
}
