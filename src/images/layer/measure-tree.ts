import { lstatSync, readdirSync } from "node:fs";
import { join } from "node:path";
import { setImmediate } from "node:timers/promises";

/** @returns the bytes of all files below a directory, each hard-linked one once */
export async function measureTree(directory: string, seen = new Set<string>()): Promise<number> {
  let sizeBytes = 0;
  await setImmediate(); // other work of this process goes on between two directories
  for (const entry of readdirSync(directory, { withFileTypes: true })) {
    const path = join(directory, entry.name);
    if (entry.isDirectory()) {
      sizeBytes += await measureTree(path, seen);
      continue;
    }
    const stats = lstatSync(path);
    if (!stats.isFile()) continue;
    const identity = `${stats.dev}:${stats.ino}`;
    if (stats.nlink > 1 && seen.has(identity)) continue;
    if (stats.nlink > 1) seen.add(identity);
    sizeBytes += stats.size;
  }
  return sizeBytes;
}
