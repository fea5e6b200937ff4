import { buildImage, type RunStep } from "../images/build-image.ts";
import type { Image, ImageStore } from "../images/image-store.ts";
import type { BuildRequest } from "./api/engine-context.ts";
import type { EngineLog } from "./engine-log.ts";
import type { Sandbox } from "./sandbox/sandbox.ts";

/** What builds stand on. */
export interface BuilderOptions {
  readonly store: ImageStore;
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
  return async (request, log) => {
    const run = createRunStep(sandbox);
    const image = await buildImage({ ...request, store, run, log, isRunAllowed });
    options.log({ kind: "image-built", tag: request.tag, imageId: image.id });
    return image;
  };
}
