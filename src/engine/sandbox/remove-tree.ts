import { chmodSync, lstatSync, readdirSync, rmSync } from "node:fs";
import { join } from "node:path";

/**
 * Removes a directory that a container or an overlay wrote. Such trees hold directories that even
 * their owner may not enter, which `rmSync` does not mend; links are removed, never followed.
 */
export function removeTree(path: string): void {
  const stats = lstatSync(path, { throwIfNoEntry: false });
  if (stats === undefined) return;
  if (process.getuid?.() !== 0 && stats.isDirectory()) allowEntry(path);
  rmSync(path, { recursive: true, force: true });
}

function allowEntry(directory: string): void {
  chmodSync(directory, 0o700);
  for (const entry of readdirSync(directory, { withFileTypes: true }))
    if (entry.isDirectory()) allowEntry(join(directory, entry.name));
}
