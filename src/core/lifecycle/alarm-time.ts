/**
 * When the one alarm of an object is to come, given when it is set for and when it is needed. One
 * that comes too early is kept: it costs one wake-up, and moving it at each request would cost a
 * write each. One that is overdue may have been lost.
 */
export function alarmTime(
  armedAtMs: number | null,
  dueAtMs: number | undefined,
  nowMs: number,
): number | null {
  if (dueAtMs === undefined) return null;
  const isKept = armedAtMs !== null && armedAtMs >= nowMs && armedAtMs <= dueAtMs;
  return isKept ? armedAtMs : dueAtMs;
}
