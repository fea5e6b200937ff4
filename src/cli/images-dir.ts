import { homedir } from "node:os";
import { join } from "node:path";

/** Where images are kept between sessions, so that what was built once is not built again. */
export function imagesDir(env: NodeJS.ProcessEnv): string {
  const cacheDir = env["XDG_CACHE_HOME"];
  const base = cacheDir === undefined || cacheDir === "" ? join(homedir(), ".cache") : cacheDir;
  return join(base, "berth", "images");
}
