import { readFile } from "node:fs/promises";

import { buildImage } from "../../images/build-image.ts";
import type { BuildStore, Image } from "../../images/image-store.ts";
import { formatPlatform } from "../../images/registry/manifest.ts";
import type { Registry } from "../../images/registry/open-registry.ts";
import { createImageResolver } from "../../images/resolve-image.ts";
import type { RunStep } from "../../images/run-step.ts";
import { CliError } from "../cli-error.ts";
import type { BuildImageOptions } from "./image-options.ts";
import type { ImageBuilds } from "./image-scope.ts";

/** What {@link openBuilds} needs. */
export interface BuildsOptions {
  readonly store: BuildStore;
  readonly run: RunStep;
  /** Where FROM finds what is not on this machine. */
  readonly registry: Registry;
  readonly signal: AbortSignal;
}

/** Opens the builder. */
export function openBuilds(options: BuildsOptions): ImageBuilds {
  return {
    build: async (asked, log) => {
      const dockerfile = await readDockerfile(asked.dockerfilePath);
      const checked = (line: string): void => {
        options.signal.throwIfAborted(); // a build is a chain of steps, each of which says a line
        log(line);
      };
      return buildWithoutDocker(asked, { ...options, dockerfile, log: checked });
    },
  };
}

interface Build extends BuildsOptions {
  readonly dockerfile: string;
  readonly log: (line: string) => void;
}

function buildWithoutDocker(asked: BuildImageOptions, build: Build): Promise<Image> {
  const { contextDir, dockerfilePath, buildArgs, tags, target, runNetwork } = asked;
  const { store, run, log, dockerfile, registry } = build;
  return buildImage({
    ...{ store, run, log, dockerfile, contextDir, dockerfilePath, buildArgs, runNetwork },
    ...(target !== undefined && { target }),
    ...(!asked.isCacheUsed && { isCacheUsed: false }),
    buildContexts: asked.buildContexts,
    secrets: asked.secrets,
    tag: tags[0],
    platform: formatPlatform(asked.platform),
    resolveImage: createImageResolver({ store, contextDir, registry }),
    isRunAllowed: true,
  });
}

async function readDockerfile(path: string): Promise<string> {
  try {
    return await readFile(path, "utf8");
  } catch (cause) {
    const why = cause instanceof Error ? cause.message : String(cause);
    const text = `Cannot read the Dockerfile: ${path}: ${why}; give it with --file`;
    throw new CliError("BAD_OPTION", text, { cause });
  }
}
