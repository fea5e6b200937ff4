const DAY_MS = 86_400_000;
const HOUR_MS = 3_600_000;

/** What the runs of an instance have cost so far. */
export interface Usage {
  /** How many runs began. */
  readonly starts: number;
  /** When those of the last hour did, in milliseconds since the epoch. */
  readonly startsAtMs: readonly number[];
  /** How long the runs that ended lasted together, in milliseconds. */
  readonly runMs: number;
  /** The day of UTC that `dayRunMs` is about, in days since the epoch. */
  readonly day: number;
  /** How much of `runMs` fell on that day, in milliseconds. */
  readonly dayRunMs: number;
}

/** The usage of an instance that never started. */
export function newUsage(atMs: number): Usage {
  return { starts: 0, startsAtMs: [], runMs: 0, day: dayOf(atMs), dayRunMs: 0 };
}

/** Counts the start of a run. */
export function withStart(usage: Usage, atMs: number): Usage {
  const recent = usage.startsAtMs.filter((startedAtMs) => startedAtMs > atMs - HOUR_MS);
  return { ...usage, starts: usage.starts + 1, startsAtMs: [...recent, atMs] };
}

/** Takes the last start back: the platform gave no container. */
export function withoutStart(usage: Usage): Usage {
  return { ...usage, starts: usage.starts - 1, startsAtMs: usage.startsAtMs.slice(0, -1) };
}

/** Counts a run that began at `startedAtMs` and ended at `atMs`. */
export function withRun(usage: Usage, startedAtMs: number, atMs: number): Usage {
  return {
    ...usage,
    runMs: usage.runMs + Math.max(0, atMs - startedAtMs),
    day: dayOf(atMs),
    dayRunMs: runMsToday(usage, startedAtMs, atMs),
  };
}

/**
 * How long containers have run on the present day of UTC.
 *
 * @param startedAtMs when the run that goes on began; undefined when none does
 */
export function runMsToday(usage: Usage, startedAtMs: number | undefined, nowMs: number): number {
  const day = dayOf(nowMs);
  const endedMs = usage.day === day ? usage.dayRunMs : 0;
  if (startedAtMs === undefined) return endedMs;
  return endedMs + Math.max(0, nowMs - Math.max(startedAtMs, day * DAY_MS));
}

/** When the budget of a day renews itself: the next midnight of UTC. */
export function nextDayMs(nowMs: number): number {
  return (dayOf(nowMs) + 1) * DAY_MS;
}

/** When a run that goes on will have spent the day's budget, if that is not renewed before. */
export function budgetEndMs(
  usage: Usage,
  startedAtMs: number,
  { nowMs, runMsPerDay }: { readonly nowMs: number; readonly runMsPerDay: number },
): number {
  const leftMs = Math.max(0, runMsPerDay - runMsToday(usage, startedAtMs, nowMs));
  const midnightMs = nextDayMs(nowMs);
  if (nowMs + leftMs < midnightMs) return nowMs + leftMs;
  return runMsPerDay >= DAY_MS ? Infinity : midnightMs + runMsPerDay;
}

/** When the next run may begin without being more than `maxRunsPerHour` within an hour. */
export function nextRunMs(usage: Usage, maxRunsPerHour: number, nowMs: number): number {
  const recent = usage.startsAtMs.filter((startedAtMs) => startedAtMs > nowMs - HOUR_MS);
  if (recent.length < maxRunsPerHour) return nowMs;
  return (recent.at(-maxRunsPerHour) ?? nowMs) + HOUR_MS;
}

function dayOf(atMs: number): number {
  return Math.floor(atMs / DAY_MS);
}
