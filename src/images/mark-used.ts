import { utimesSync } from "node:fs";

/** Notes by a file's time that it was asked for just now. One that is gone meanwhile only ages. */
export function markUsed(path: string): void {
  const now = new Date();
  try {
    utimesSync(path, now, now);
  } catch {
    // it is removed, or another user's
  }
}
