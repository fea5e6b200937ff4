import { utimesSync, type Stats } from "node:fs";

/** Notes by a file's time that it was asked for just now. One that is gone meanwhile only ages. */
export function markUsed(path: string): void {
  const now = new Date();
  try {
    utimesSync(path, now, now);
  } catch {
    // it is removed, or another user's
  }
}

/**
 * @returns when a file was asked for last, in whole milliseconds as `Date.now()` tells them: what was
 *   written just now would else be later than now
 */
export function usedAtMsOf({ mtimeMs }: Pick<Stats, "mtimeMs">): number {
  return Math.floor(mtimeMs);
}
