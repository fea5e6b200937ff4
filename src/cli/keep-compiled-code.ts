import { mkdirSync, statSync } from "node:fs";
import * as nodeModule from "node:module";
import { join } from "node:path";

import { cacheDir } from "./cache-dir.ts";

/**
 * Has Node keep what it compiles in this user's cache, which the next command starts faster by.
 * Where a Node has no such cache (before 22.8), or this user no place of its own, nothing is kept.
 *
 * Not in Node's default place: what lies there is executed, and others may write to /tmp.
 */
export function keepCompiledCode(env: NodeJS.ProcessEnv): void {
  if (!("enableCompileCache" in nodeModule)) return;
  const directory = join(cacheDir(env), "berth", "compiled");
  if (isOwn(directory)) nodeModule.enableCompileCache(directory);
}

function isOwn(directory: string): boolean {
  try {
    mkdirSync(directory, { recursive: true, mode: 0o700 });
    return statSync(directory).uid === process.getuid?.();
  } catch {
    return false; // nothing is kept
  }
}
