import { buildImage } from "../images/build-image.ts";
import type { BuildStore, Image } from "../images/image-store.ts";
import { createImageResolver, type ImageSources } from "../images/resolve-image.ts";
import type { BuildRequest } from "./api/engine-context.ts";
import type { EngineLog } from "./engine-log.ts";
import { createRunStep } from "./run-step.ts";
import type { Sandbox } from "./sandbox/sandbox.ts";

/** What builds stand on. */
export interface BuilderOptions {
  readonly store: BuildStore;
  readonly sandbox: Sandbox;
  /** Where base images come from that are not in the store. */
  readonly sources: ImageSources;
  /** Whether RUN is executed. */
  readonly isRunAllowed: boolean;
  readonly log: (event: EngineLog) => void;
}

/** Builds one image and tells its output by lines. */
export type ImageBuilder = (request: BuildRequest, log: (line: string) => void) => Promise<Image>;

/**
 * Makes the engine's builder: RUN steps go through the sandbox, and where a base image cannot be
 * had, the host's programs stand for it.
 */
export function createImageBuilder(options: BuilderOptions): ImageBuilder {
  const { store, sandbox, isRunAllowed, sources } = options;
  const run = createRunStep(sandbox);
  const runNetwork = sandbox.facts.internet === "none" ? "none" : "internet";
  return async (request, log) => {
    const { contextDir } = request;
    const image = await buildImage({
      ...{ ...request, store, run, runNetwork, log, isRunAllowed },
      resolveImage: createImageResolver({ store, contextDir, ...sources }),
      fallbackBase: "host",
    });
    const { tag, dockerfile, buildArgs, dockerfilePath, target } = request;
    options.log({
      kind: "image-built",
      ...{ tag, dockerfile, contextDir, buildArgs, imageId: image.id },
      ...(dockerfilePath !== undefined && { dockerfilePath }),
      ...(target !== undefined && { target }),
    });
    return image;
  };
}
