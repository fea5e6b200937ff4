import { readdir, rm, stat } from "node:fs/promises";
import { join } from "node:path";

const ABANDONED_AFTER_MS = 24 * 3_600_000;

/** Removes what a killed process left. Work that is under way, here or elsewhere, is younger. */
export async function collectDrafts(draftsDir: string): Promise<void> {
  for (const name of await readdir(draftsDir)) {
    const draft = join(draftsDir, name);
    const stats = await stat(draft).catch(() => undefined);
    if (stats === undefined || stats.mtimeMs > Date.now() - ABANDONED_AFTER_MS) continue;
    await rm(draft, { recursive: true, force: true });
  }
}
