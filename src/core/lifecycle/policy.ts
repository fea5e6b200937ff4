/** A user's settings, parsed once. All durations in milliseconds. */
export interface Policy {
  /** Idle time after which `onActivityExpired` is called. */
  readonly sleepAfterMs: number;
  /** Time for what is in flight to end before the stop signal is sent. */
  readonly drainMs: number;
  /** Time between the first stop signal and `destroy()`. */
  readonly stopGraceMs: number;
  /** How long keeping its files may hold up the stop of an idle container; 0 to keep nothing. */
  readonly saveIdleMs: number;
  /** The same for any other stop by a signal that leaves time for it. */
  readonly saveStopMs: number;
  /** How long a boot that somebody waits for may take before it counts as failed. */
  readonly bootTimeoutMs: number;
  /** How long one caller waits for an instance. */
  readonly instanceTimeoutMs: number;
  /** How long one caller waits for instance and ports together. */
  readonly readyTimeoutMs: number;
  /** A probe that got no answer in this time has failed. */
  readonly probeTimeoutMs: number;
  /** How long a request may wait for its headers; `Infinity` without a limit. */
  readonly requestTimeoutMs: number;
  /** How long a body counts that moves no byte. */
  readonly idleStreamMs: number;
  /** How long a socket counts that carries no message. */
  readonly idleSocketMs: number;
  /** How long one run may last; `Infinity` without a limit. */
  readonly maxLifetimeMs: number;
  /** How many runs may begin within an hour; `Infinity` without a limit. */
  readonly maxRunsPerHour: number;
  /** How long containers may run within a day of UTC; `Infinity` without a limit. */
  readonly runMsPerDay: number;
}

/** What holds where the user set nothing. */
export const DEFAULT_POLICY: Policy = {
  sleepAfterMs: 600_000,
  drainMs: 30_000,
  stopGraceMs: 30_000,
  saveIdleMs: 0,
  saveStopMs: 0,
  bootTimeoutMs: 300_000,
  instanceTimeoutMs: 30_000, // starts are throttled for longer than 8 s
  readyTimeoutMs: 60_000,
  probeTimeoutMs: 5_000,
  requestTimeoutMs: Infinity,
  idleStreamMs: 15 * 60_000,
  idleSocketMs: 60 * 60_000,
  maxLifetimeMs: Infinity,
  maxRunsPerHour: Infinity,
  runMsPerDay: Infinity,
};

/** A `destroy()` that did not end the container is repeated this often. */
export const DESTROY_RETRY_MS = 30_000;

/** How many times an `onStop` that does not succeed is called for one record. */
export const MAX_STOP_DELIVERIES = 5;

/** An `onStop` that has not reported back after this long has failed, or was lost. */
export const HOOK_TIMEOUT_MS = 60_000;

/** An `onActivityExpired` that takes longer than an alarm may run keeps no container any more. */
export const EXPIRY_TIMEOUT_MS = 15 * 60_000;

/** So often an object is woken while `onActivityExpired` runs, to see that it is still there. */
export const EXPIRY_CHECK_MS = 30_000;
