/** A user's lifecycle settings, parsed once. All durations in milliseconds. */
export interface Policy {
  /** Idle time after which `onActivityExpired` is called. */
  readonly sleepAfterMs: number;
  /** Time between the first stop signal and `destroy()`. */
  readonly stopGraceMs: number;
}

/** Idle time when the user set none. */
export const DEFAULT_SLEEP_AFTER_MS = 600_000;

/** Time between SIGTERM and `destroy()` when the user set none. */
export const DEFAULT_STOP_GRACE_MS = 30_000;

/** A `destroy()` that did not end the container is repeated this often. */
export const DESTROY_RETRY_MS = 30_000;

/** How many times a throwing `onStop` is called for one record. */
export const MAX_STOP_DELIVERIES = 5;

/** A hook that has not reported back after this long is called again: its object was lost. */
export const HOOK_TIMEOUT_MS = 60_000;
