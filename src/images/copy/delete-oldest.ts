import { readdir, rm, stat } from "node:fs/promises";
import { join } from "node:path";

/** Deletes the files of a directory that were longest not written to, but for `keptCount`. */
export async function deleteOldest(directory: string, keptCount: number): Promise<void> {
  const names = await readdir(directory);
  if (names.length <= keptCount) return;
  const files = await Promise.all(
    names.map(async (name) => {
      const path = join(directory, name);
      const found = await stat(path).catch(() => undefined); // another process deleted it
      return { path, mtimeMs: found?.mtimeMs ?? 0 };
    }),
  );
  const oldest = files.toSorted((a, b) => a.mtimeMs - b.mtimeMs).slice(0, -keptCount);
  for (const { path } of oldest) await rm(path, { force: true });
}
