import { chmodSync, existsSync, mkdirSync, mkdtempSync, readdirSync, rmSync } from "node:fs";
import { basename, dirname, join } from "node:path";

const marker = ".berth-work-";

/** Makes the overlays' work directory: the kernel wants it on the mount of the upper directory. */
export function makeWorkDirectory(writableDir: string): string {
  return mkdtempSync(join(dirname(writableDir), `${marker}${basename(writableDir)}-`));
}

/** Removes a work directory. */
export function removeWorkDirectory(directory: string): void {
  for (const part of readdirSync(directory)) {
    for (const name of readdirSync(join(directory, part))) {
      // The kernel makes these with mode 0, and only root may enter such a directory.
      chmodSync(join(directory, part, name), 0o700);
    }
  }
  rmSync(directory, { recursive: true, force: true });
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
