import { buildImage } from "../images/build-image.ts";
import type { BuildStore, Image } from "../images/image-store.ts";
import type { BuildRequest } from "./api/engine-context.ts";
import type { EngineLog } from "./engine-log.ts";
import { createRunStep } from "./run-step.ts";
import type { Sandbox } from "./sandbox/sandbox.ts";

/** What builds stand on. */
export interface BuilderOptions {
  readonly store: BuildStore;
  readonly sandbox: Sandbox;
  /** Whether RUN is executed. */
  readonly isRunAllowed: boolean;
  readonly log: (event: EngineLog) => void;
}

/** Builds one image and tells its output by lines. */
export type ImageBuilder = (request: BuildRequest, log: (line: string) => void) => Promise<Image>;

/** Makes the engine's builder: RUN steps go through the sandbox. */
export function createImageBuilder(options: BuilderOptions): ImageBuilder {
  const { store, sandbox, isRunAllowed } = options;
  const run = createRunStep(sandbox);
  const runNetwork = sandbox.facts.internet === "none" ? "none" : "internet";
  return async (request, log) => {
    const image = await buildImage({ ...request, store, run, runNetwork, log, isRunAllowed });
    const { tag, dockerfile, contextDir, buildArgs } = request;
    options.log({
      kind: "image-built",
      ...{ tag, dockerfile, contextDir, buildArgs, imageId: image.id },
    });
    return image;
  };
}
