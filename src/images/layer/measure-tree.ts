import { lstat, readdir } from "node:fs/promises";
import { join } from "node:path";

/** @returns the bytes of all files below a directory, each hard-linked one once */
export async function measureTree(directory: string, seen = new Set<string>()): Promise<number> {
  let sizeBytes = 0;
  for (const entry of await readdir(directory, { withFileTypes: true })) {
    const path = join(directory, entry.name);
    if (entry.isDirectory()) {
      sizeBytes += await measureTree(path, seen);
      continue;
    }
    const stats = await lstat(path);
    const identity = `${stats.dev}:${stats.ino}`;
    if (!stats.isFile() || (stats.nlink > 1 && seen.has(identity))) continue;
    seen.add(identity);
    sizeBytes += stats.size;
  }
  return sizeBytes;
}
