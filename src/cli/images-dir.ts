import { accessSync, constants, mkdirSync } from "node:fs";
import { join, resolve } from "node:path";

import { cacheDir, given } from "./cache-dir.ts";

/**
 * Says where images are kept between sessions, so that what was built once is not built again:
 * in BERTH_IMAGES_DIR, or in the user's cache.
 *
 * @returns undefined when this user has no place of its own, as `nobody`: then nothing is kept
 */
export function imagesDir(env: NodeJS.ProcessEnv): string | undefined {
  // Absolute, since steps of builds are mounted from below it.
  const directory = resolve(
    given(env["BERTH_IMAGES_DIR"]) ?? join(cacheDir(env), "berth", "images"),
  );
  try {
    // Layers hold programs that run as root, which no other user of this machine may start.
    mkdirSync(directory, { recursive: true, mode: 0o700 });
    accessSync(directory, constants.W_OK);
    return directory;
  } catch {
    return undefined;
  }
}
