import {
  readDirectory,
  type DirectoryOptions,
  type DirectorySettings,
} from "../../core/directory/directory-settings.ts";
import { DirectoryGate, type GateParts } from "./directory-gate.ts";
import { DirectoryKeeper, type DirectoryParts } from "./directory-keeper.ts";
import { DirectoryUnpacker, type UnpackerParts } from "./directory-unpacker.ts";

/** What keeps a directory. It comes with the plan, so that a Worker that keeps none has none of it. */
export interface DirectoryMachinery {
  gate(parts: GateParts): DirectoryGate;
  unpacker(parts: UnpackerParts): DirectoryUnpacker;
  keeper(parts: DirectoryParts, plan: DirectoryPlan): DirectoryKeeper;
}

/** How a directory is kept, and by what. */
export interface DirectoryPlan extends DirectorySettings {
  readonly machinery: DirectoryMachinery;
}

const MACHINERY: DirectoryMachinery = {
  gate: (parts) => new DirectoryGate(parts),
  unpacker: (parts) => new DirectoryUnpacker(parts),
  keeper: (parts, plan) => new DirectoryKeeper(parts, plan),
};

/**
 * Keeps one directory of a container across its sleep in an R2 bucket, for the field `persist`,
 * under whatever scheduling policy: it is packed before the container is stopped, and unpacked
 * before the app of the next run begins. The class sets `entrypoint`, and the image has `/bin/sh`,
 * `tar` and `mkfifo`.
 *
 * @param path an absolute path in the container, not `/`
 * @param bucket the binding of a bucket
 * @throws {ContainerError} `INVALID_CONFIG`, `INVALID_DURATION` when an argument cannot work
 * @example
 * ```ts
 * class Workspace extends Container {
 *   override entrypoint = ["node", "/app/server.js"];
 *   override persist = directory("/data", this.env.FILES);
 * }
 * ```
 */
export function directory(
  path: string,
  bucket: R2Bucket,
  options: DirectoryOptions = {},
): DirectoryPlan {
  return { ...readDirectory(path, bucket, options), machinery: MACHINERY };
}
