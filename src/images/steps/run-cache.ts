import { createHash } from "node:crypto";
import { chmod, lchown, mkdir, readdir, rm, stat, utimes } from "node:fs/promises";
import { join } from "node:path";

/** A directory that `RUN --mount=type=cache` keeps between builds. */
export interface RunCache {
  readonly id: string;
  /** Permission bits of a new one (default: 0755). */
  readonly mode: number | undefined;
  readonly uid: number;
  readonly gid: number;
}

const KEPT_MS = 30 * 24 * 3_600_000;

/**
 * Opens a cache directory; makes it when it is missing. Steps that run at once share it, as in
 * Docker by default. Those that no build asked for in 30 days are deleted.
 *
 * @param cacheDir of the store
 * @returns its path
 */
export async function openRunCache(cacheDir: string, cache: RunCache): Promise<string> {
  const parent = join(cacheDir, "run");
  await mkdir(parent, { recursive: true, mode: 0o700 });
  const name = createHash("sha256").update(cache.id).digest("hex").slice(0, 32);
  const holder = join(parent, name);
  const directory = join(holder, "files");
  if ((await mkdir(directory, { recursive: true })) !== undefined) {
    await chmod(directory, cache.mode ?? 0o755);
    if (process.getuid?.() === 0) await lchown(directory, cache.uid, cache.gid);
  }
  const now = new Date();
  await utimes(holder, now, now);
  await deleteOld(parent, now.getTime() - KEPT_MS);
  return directory;
}

async function deleteOld(parent: string, beforeMs: number): Promise<void> {
  for (const name of await readdir(parent)) {
    const path = join(parent, name);
    const stats = await stat(path).catch(() => undefined); // another process deleted it
    if (stats === undefined || stats.mtimeMs >= beforeMs) continue;
    await rm(path, { recursive: true, force: true }).catch(() => undefined); // the next build tries
  }
}
