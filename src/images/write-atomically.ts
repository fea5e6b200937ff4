import { randomBytes } from "node:crypto";
import { rename, rm, writeFile } from "node:fs/promises";
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
    await writeFile(draft, text, options);
    await rename(draft, path);
  } catch (error) {
    await rm(draft, { force: true });
    throw toDiskFull(error, dirname(path));
  }
}
