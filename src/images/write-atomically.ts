import { randomBytes } from "node:crypto";
import { renameSync, rmSync, writeFileSync } from "node:fs";

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
    // Without Node's thread pool, which takes longer than the writing.
    writeFileSync(draft, text, options);
    renameSync(draft, path);
  } catch (error) {
    rmSync(draft, { force: true });
    throw error;
  }
}
