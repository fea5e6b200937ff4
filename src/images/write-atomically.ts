import { randomBytes } from "node:crypto";
import { renameSync, rmSync, writeFileSync } from "node:fs";
import { dirname } from "node:path";

import { toDiskFull } from "./oci/to-disk-full.ts";

/**
 * Writes a file so that a reader sees the old text or the new one, never a part.
 *
 * @param options `mode`: who may read it (default: what the process's mask leaves)
 * @throws {ImageError} DISK_FULL
 */
export async function writeAtomically(
  path: string,
  text: string,
  options: { readonly mode?: number } = {},
): Promise<void> {
  const draft = `${path}.${process.pid}.${randomBytes(6).toString("hex")}.draft`;
  try {
    // Without Node's thread pool, which takes longer than the writing.
    writeFileSync(draft, text, options);
    renameSync(draft, path);
  } catch (error) {
    rmSync(draft, { force: true });
    throw toDiskFull(error, dirname(path));
  }
}
