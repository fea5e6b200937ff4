import { buildImage } from "../../images/build-image.ts";
import { buildWithDocker } from "../../images/build-with-docker.ts";
import { createPull } from "../../images/create-pull.ts";
import type { BuildStore, Image } from "../../images/image-store.ts";
import { formatPlatform } from "../../images/oci/platform.ts";
import { readTextFile } from "../../images/read-text-file.ts";
import { createImageResolver, type ImageResolver } from "../../images/resolve-image.ts";
import type { RunStep } from "../../images/run-step.ts";
import { CliError } from "../cli-error.ts";
import type { BuildPlan } from "./image-options.ts";
import type { ImageBuilds, ImagePacker, RemoteImages } from "./image-scope.ts";
import type { ProgressDisplay } from "./progress/progress-display.ts";

/** What {@link openBuilds} needs. */
export interface BuildsOptions {
  readonly store: BuildStore;
  readonly run: RunStep;
  readonly remote: RemoteImages;
  readonly packer: ImagePacker;
  readonly display: ProgressDisplay;
  readonly signal: AbortSignal;
}

/** Opens the builder. */
export function openBuilds(options: BuildsOptions): ImageBuilds {
  const { signal, display } = options;
  const log = (line: string): void => {
    signal.throwIfAborted(); // a build is a chain of steps, each of which says a line
    display.log(line);
  };
  return {
    build: async (asked) => {
      const dockerfile = await readDockerfile(asked.dockerfilePath);
      const build = { ...options, dockerfile, log };
      return asked.builder === "berth"
        ? buildByBerth(asked, build)
        : buildByDocker(asked, asked.builder, build);
    },
  };
}

interface Build extends BuildsOptions {
  readonly dockerfile: string;
  readonly log: (line: string) => void;
}

function buildByBerth(asked: BuildPlan, build: Build): Promise<Image> {
  const { contextDir, dockerfilePath, buildArgs, buildContexts, secrets } = asked;
  const { store, run, log, dockerfile } = build;
  return buildImage({
    ...{ store, run, log, dockerfile, contextDir, dockerfilePath },
    ...{ buildArgs, buildContexts, secrets },
    ...(asked.target !== undefined && { target: asked.target }),
    runNetwork: asked.runNetwork,
    isCacheUsed: asked.isCacheUsed,
    tag: asked.tags[0],
    platform: formatPlatform(asked.platform),
    resolveImage: createResolver(asked, build),
    isRunAllowed: true,
  });
}

/** Finds what FROM names: in the store, in a layout, or in its registry. */
function createResolver(
  { contextDir, isPullForced }: BuildPlan,
  { store, packer, remote, display }: Build,
): ImageResolver {
  return createImageResolver({
    ...{ store, contextDir, isPullForced },
    importLayout: (layout, platform) => packer.importLayout(layout, { platform }),
    pull: createPull({
      fetch: (reference, platform) => remote.pull(reference, platform, display.follow("pull")),
      unpack: packer.unpack,
    }),
  });
}

function buildByDocker(
  asked: BuildPlan,
  docker: "docker" | "podman",
  { dockerfile, log, packer, signal }: Build,
): Promise<Image> {
  const { contextDir, buildArgs, platform, tags } = asked;
  return buildWithDocker({
    ...{ docker, dockerfile, contextDir, buildArgs, log, signal },
    tag: tags[0],
    isPullForced: asked.isPullForced,
    platform: formatPlatform(platform),
    ...(asked.target !== undefined && { target: asked.target }),
    importLayout: (layout) => packer.importLayout(layout, { tag: tags[0], platform }),
  });
}

async function readDockerfile(path: string): Promise<string> {
  try {
    return await readTextFile(path);
  } catch (cause) {
    const why = cause instanceof Error ? cause.message : String(cause);
    const text = `Cannot read the Dockerfile: ${path}: ${why}; give it with --file`;
    throw new CliError("BAD_OPTION", text, { cause });
  }
}
