import type { EngineLog } from "../engine/engine-log.ts";
import { EngineError } from "../engine/engine-error.ts";
import { SandboxError } from "../engine/sandbox/sandbox-error.ts";
import { startEngine, type Engine } from "../engine/start-engine.ts";
import { CliError } from "./cli-error.ts";
import type { DevOptions } from "./dev-options.ts";
import {
  findExternalEngine,
  requireExternalEngine,
  type ExternalEngine,
} from "./external-engine.ts";
import { imagesDir } from "./images-dir.ts";
import type { InstanceSize } from "./instance-type.ts";

/** What runs the containers of a dev session. */
export type DevEngine = { readonly kind: "process"; readonly engine: Engine } | ExternalEngine;

/** What {@link startDevEngine} needs besides the options. */
export interface DevEngineScope {
  readonly log: (event: EngineLog) => void;
  readonly say: (text: string) => void;
  /** The size of an image's instances. */
  readonly sizeOf: (image: string) => InstanceSize | undefined;
}

/**
 * Starts the embedded engine, or finds the one that was asked for. Where processes can't be
 * isolated it says why and takes Docker or Podman if there is one.
 *
 * @throws {CliError} ENGINE_UNAVAILABLE
 */
export async function startDevEngine(
  options: DevOptions,
  scope: DevEngineScope,
): Promise<DevEngine> {
  if (options.engine === "docker" || options.engine === "podman") {
    return requireExternalEngine(options.engine);
  }
  try {
    return { kind: "process", engine: await startProcessEngine(options, scope) };
  } catch (error) {
    if (!isUnavailable(error) || options.engine === "process") throw error;
    return fallBack(error, scope);
  }
}

function startProcessEngine(options: DevOptions, scope: DevEngineScope): Promise<Engine> {
  if (process.platform !== "linux") {
    throw new CliError(
      "ENGINE_UNAVAILABLE",
      `Cannot run containers as processes on ${process.platform}; the embedded engine needs Linux`,
    );
  }
  const kept = imagesDir(process.env);
  return startEngine({
    log: scope.log,
    ...(kept !== undefined && { imagesDir: kept }),
    enforceCpu: options.enforceCpu,
    isRunAllowed: options.isRunAllowed,
    ...(!options.isPullAllowed && { registry: "off" }),
    imageMap: options.imageMap,
    instanceMemoryBytes: (image) => scope.sizeOf(image)?.memoryBytes,
    instanceVcpu: (image) => scope.sizeOf(image)?.vcpu,
  });
}

/** Whether another engine may do what this host forbids ours. */
function isUnavailable(error: unknown): error is Error {
  return (
    error instanceof SandboxError ||
    error instanceof EngineError ||
    (error instanceof CliError && error.code === "ENGINE_UNAVAILABLE")
  );
}

async function fallBack(error: Error, scope: DevEngineScope): Promise<ExternalEngine> {
  const external = await findExternalEngine(["docker", "podman"]);
  if (external !== undefined) {
    scope.say(`${error.message}\nUsing ${external.kind} instead, which is installed and running.`);
    return external;
  }
  throw new CliError(
    "ENGINE_UNAVAILABLE",
    `${error.message}\nNeither Docker nor Podman answers either; mend the above or install one`,
    { cause: error },
  );
}
