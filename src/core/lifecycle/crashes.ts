/** The crashes of an instance that still count. */
export interface Crashes {
  /** How many runs in a row crashed, none of them long after the one before. */
  readonly streak: number;
  /** When those of the last ten minutes did, in milliseconds since the epoch. */
  readonly atMs: readonly number[];
}

/** An instance that never crashed. */
export const NO_CRASHES: Crashes = { streak: 0, atMs: [] };

/** So many crashes within {@link CRASH_WINDOW_MS} and the instance has failed. */
export const MAX_CRASHES = 10;

/** Crashes older than this do not count, so an instance that lasts for so long has healed. */
export const CRASH_WINDOW_MS = 10 * 60_000;

const FIRST_TRIAL_MS = 60_000;
const MAX_TRIAL_MS = 10 * 60_000;
const MAX_DELAY_MS = 60_000;
const JITTER_SHARE = 0.2;

/** Counts one more crash. */
export function addCrash(crashes: Crashes, atMs: number): Crashes {
  const recent = crashes.atMs.filter((crashedAtMs) => crashedAtMs > atMs - CRASH_WINDOW_MS);
  const streak = recent.length === 0 ? 1 : crashes.streak + 1;
  return { streak, atMs: [...recent, atMs] };
}

/** Whether the restart budget is spent. */
export function isSpent(crashes: Crashes): boolean {
  return crashes.atMs.length >= MAX_CRASHES;
}

/**
 * Pause before the next run: none after the first crash, then 1 s, doubled with each up to 60 s,
 * each ± 20 % so that instances that crashed together do not come back together.
 *
 * @param streak how many runs in a row crashed, 1 or more
 * @param random from 0 to 1
 */
export function restartDelayMs(streak: number, random: number): number {
  if (streak <= 1) return 0;
  return jittered(Math.min(MAX_DELAY_MS, 1_000 * 2 ** Math.min(streak - 2, 16)), random);
}

/**
 * Pause before a failed instance gets one more trial: 60 s, doubled with each failed one up to
 * 10 min, each ± 20 %.
 *
 * @param trials how many trials failed so far
 * @param random from 0 to 1
 */
export function trialDelayMs(trials: number, random: number): number {
  return jittered(Math.min(MAX_TRIAL_MS, FIRST_TRIAL_MS * 2 ** Math.min(trials, 16)), random);
}

function jittered(delayMs: number, random: number): number {
  return Math.round(delayMs * (1 + JITTER_SHARE * (2 * random - 1)));
}
