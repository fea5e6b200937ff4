import { lstat, readdir } from "node:fs/promises";
import { join } from "node:path";

import type { Discarder } from "./discarder.ts";

/** No copy of a container's files takes as long. */
const ABANDONED_MS = 24 * 3_600_000;

/**
 * Deletes the copies that were being made when an engine was killed. Other engines may use the same
 * directory at this moment, so only old ones go.
 */
export async function discardAbandoned(
  directory: string,
  { discard }: Pick<Discarder, "discard">,
  nowMs: number = Date.now(),
): Promise<void> {
  for (const name of await readdir(directory).catch(() => [])) {
    const path = join(directory, name);
    const stats = await lstat(path).catch(() => undefined);
    // A copy has its original's times, but for this one.
    if (stats !== undefined && stats.ctimeMs < nowMs - ABANDONED_MS) discard(path);
  }
}
