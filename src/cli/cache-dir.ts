import { homedir } from "node:os";
import { join } from "node:path";

/** Says where this user's programs keep what they can make again. */
export function cacheDir(env: NodeJS.ProcessEnv): string {
  return given(env["XDG_CACHE_HOME"]) ?? join(homedir(), ".cache");
}

/** An empty variable is one that is not set. */
export function given(text: string | undefined): string | undefined {
  return text === "" ? undefined : text;
}
