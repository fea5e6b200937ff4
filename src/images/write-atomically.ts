import { randomBytes } from "node:crypto";
import { rename, rm, writeFile } from "node:fs/promises";

/**
 * Writes a file so that a reader sees the old text or the new one, never a part.
 *
 * @param options `mode`: who may read it (default: what the process's mask leaves)
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
    throw error;
  }
}
