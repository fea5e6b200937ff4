import { chmodSync, existsSync, mkdirSync, mkdtempSync, rmSync, symlinkSync } from "node:fs";
import { basename, dirname, join } from "node:path";

/** What the names of work directories start with. */
export const workDirectoryMarker = ".berth-work-";

/** Makes the overlays' work directory: the kernel wants it on the mount of the upper directory. */
export function makeWorkDirectory(writableDir: string): string {
  return mkdtempSync(join(dirname(writableDir), `${workDirectoryMarker}${basename(writableDir)}-`));
}

/** Makes the upper and work directory of every overlay; "" stands for the root. */
export function makeOverlayDirectories(
  writableDir: string,
  workDir: string,
  parts: readonly string[],
): void {
  for (const part of parts) {
    mkdirSync(join(workDir, part === "" ? "root" : part));
    const upper = join(writableDir, part);
    if (part !== "" && existsSync(upper)) continue;
    mkdirSync(upper, { recursive: true });
    // The upper directory's mode is what the container sees.
    chmodSync(upper, 0o755);
  }
}

/** Makes links in a directory, in place of those of an earlier launch. */
export function makeLinks(directory: string, links: ReadonlyMap<string, string>): void {
  for (const [name, target] of links) {
    rmSync(join(directory, name), { force: true });
    symlinkSync(target, join(directory, name));
  }
}
