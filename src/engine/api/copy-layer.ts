import { execFile } from "node:child_process";
import { promisify } from "node:util";

import { EngineError } from "../engine-error.ts";

const run = promisify(execFile);

/**
 * Copies a container's writable layer. `cp -a` keeps owners, modes, device nodes and extended
 * attributes, in which overlayfs keeps its marks of what is deleted; Node's copy does not.
 *
 * @param from the layer
 * @param to a directory that does not exist yet
 */
export async function copyLayer(from: string, to: string): Promise<void> {
  try {
    await run("cp", ["-a", "--", from, to]);
  } catch (cause) {
    const text = `Cannot copy the layer ${from}: ${String(cause)}; is the disk full?`;
    throw new EngineError("ENGINE_FAILED", text, { cause });
  }
}
