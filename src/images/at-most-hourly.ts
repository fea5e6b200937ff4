import { statSync, writeFileSync } from "node:fs";

const HOUR_MS = 3_600_000;

/**
 * Does work that need not be done each time: not when this or another process has done it within
 * the last hour.
 *
 * @param stampPath a file whose time says when it was done
 * @param nowMs since 1970
 */
export async function atMostHourly(
  stampPath: string,
  nowMs: number,
  work: () => Promise<void>,
): Promise<void> {
  const doneAtMs = statSync(stampPath, { throwIfNoEntry: false })?.mtimeMs ?? 0;
  // A time that is yet to come says nothing: the clock was wrong then, or is now.
  if (doneAtMs <= nowMs && doneAtMs > nowMs - HOUR_MS) return;
  await work();
  writeFileSync(stampPath, "");
}
