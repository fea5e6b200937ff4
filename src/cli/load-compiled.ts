import { mkdirSync, statSync } from "node:fs";
import { join } from "node:path";
import { setFlagsFromString } from "node:v8";

import { cacheDir } from "./cache-dir.ts";

/** Modules of Node's that a command uses. */
const nodeModules = [
  ...["child_process", "crypto", "events", "fs/promises", "http", "net", "os", "readline"],
  ...["stream", "stream/consumers", "stream/promises", "timers/promises", "util", "zlib"],
];

/**
 * Loads code, and has Node keep what it compiles of it in this user's cache, which the next command
 * starts faster by. All functions are compiled at once, as what is compiled when it is first called
 * is not kept. Where a Node has no such cache (before 22.8), or this user no place of its own,
 * nothing is kept.
 *
 * Not in Node's default place: what lies there is executed, and others may write to /tmp.
 */
export async function loadCompiled<T>(env: NodeJS.ProcessEnv, load: () => Promise<T>): Promise<T> {
  if (!keepCompiledCode(join(cacheDir(env), "berth", "compiled"))) return load();
  // They come compiled, which is of use under the flags that they were compiled with only.
  for (const name of nodeModules) process.getBuiltinModule(`node:${name}`);
  setFlagsFromString("--no-lazy");
  try {
    return await load();
  } finally {
    setFlagsFromString("--lazy");
  }
}

function keepCompiledCode(directory: string): boolean {
  const nodeModule = process.getBuiltinModule("node:module");
  if (!("enableCompileCache" in nodeModule) || !isOwn(directory)) return false;
  const { ENABLED, ALREADY_ENABLED } = nodeModule.constants.compileCacheStatus;
  const { status } = nodeModule.enableCompileCache(directory);
  return status === ENABLED || status === ALREADY_ENABLED;
}

function isOwn(directory: string): boolean {
  try {
    mkdirSync(directory, { recursive: true, mode: 0o700 });
    return statSync(directory).uid === process.getuid?.();
  } catch {
    return false; // nothing is kept
  }
}
