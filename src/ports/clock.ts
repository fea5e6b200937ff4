/** What a timer is called by. Opaque: the platform's own. */
export type TimerId = unknown;

/** Time, as the shell reads and awaits it. */
export interface Clock {
  /** Milliseconds since the epoch. */
  now(): number;
  /** Calls `callback` once after `delayMs` milliseconds. */
  setTimeout(callback: () => void, delayMs: number): TimerId;
  /** Forgets a timer; one that has fired, or never was, is ignored. */
  clearTimeout(timer: TimerId): void;
}
