import { accessSync, constants, mkdirSync } from "node:fs";
import { homedir } from "node:os";
import { join } from "node:path";

/**
 * Says where images are kept between sessions, so that what was built once is not built again.
 *
 * @returns undefined when this user has no place of its own, as `nobody`: then nothing is kept
 */
export function imagesDir(env: NodeJS.ProcessEnv): string | undefined {
  const cacheDir = env["XDG_CACHE_HOME"];
  const base = cacheDir === undefined || cacheDir === "" ? join(homedir(), ".cache") : cacheDir;
  const directory = join(base, "berth", "images");
  try {
    mkdirSync(directory, { recursive: true });
    accessSync(directory, constants.W_OK);
    return directory;
  } catch {
    return undefined;
  }
}
