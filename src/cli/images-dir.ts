import { accessSync, constants, mkdirSync } from "node:fs";
import { join } from "node:path";

import { cacheDir, given } from "./cache-dir.ts";

/**
 * Says where images are kept between sessions, so that what was built once is not built again:
 * in BERTH_IMAGES_DIR, or in the user's cache.
 *
 * @returns undefined when this user has no place of its own, as `nobody`: then nothing is kept
 */
export function imagesDir(env: NodeJS.ProcessEnv): string | undefined {
  const directory = given(env["BERTH_IMAGES_DIR"]) ?? join(cacheDir(env), "berth", "images");
  try {
    mkdirSync(directory, { recursive: true });
    accessSync(directory, constants.W_OK);
    return directory;
  } catch {
    return undefined;
  }
}
