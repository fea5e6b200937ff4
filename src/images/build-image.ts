import { randomUUID } from "node:crypto";

import type { BuildJob } from "./build-job.ts";
import { openBuildContext } from "./copy/build-context.ts";
import { openFileDigests } from "./copy/file-digests.ts";
import type { Instruction } from "./dockerfile/instruction.ts";
import { parseDockerfile, type ParsedDockerfile } from "./dockerfile/parse-dockerfile.ts";
import { parsePlatform } from "./dockerfile/parse-platform.ts";
import { formatPlatform, hostPlatform } from "./oci/platform.ts";
import { ImageError } from "./image-error.ts";
import type { BuildStore, Image } from "./image-store.ts";
import { planStages, type PlannedStage, type StagePlan } from "./plan-stages.ts";
import { createImageResolver, type ImageResolver } from "./resolve-image.ts";
import type { RunNetwork, RunStep } from "./run-step.ts";
import type { StageState } from "./stage-state.ts";
import { startStage } from "./start-stage.ts";
import { findStep } from "./steps/find-step.ts";

export type { RunStep } from "./run-step.ts";

/** What {@link buildImage} builds from, and by what. */
export interface BuildOptions {
  readonly store: BuildStore;
  /** The Dockerfile's text. */
  readonly dockerfile: string;
  /** Where the Dockerfile is; `PATH.dockerignore` beside it wins over the context's own. */
  readonly dockerfilePath?: string;
  /** What COPY reads; an absolute path. */
  readonly contextDir: string;
  /** The name of the result. */
  readonly tag: string;
  /** Values for ARG. */
  readonly buildArgs: Readonly<Record<string, string>>;
  /** What the image is to run on, as "linux/amd64" (default: this machine's). */
  readonly platform?: string;
  /** The stage to build, by name or number (default: the last one). */
  readonly target?: string;
  /** Finds images that FROM and COPY --from name (default: in the store and in the context). */
  readonly resolveImage?: ImageResolver;
  /**
   * More names for FROM and --from: a directory, `oci-layout://PATH[:TAG]` or
   * `docker-image://REFERENCE`. A directory has files only, so FROM cannot name it.
   */
  readonly buildContexts?: Readonly<Record<string, string>>;
  /**
   * What FROM stands on when there is no image of its name: "host", the host's programs and
   * libraries. Such an image runs on this machine only (default: it is refused).
   */
  readonly fallbackBase?: "host";
  /** Files that `RUN --mount=type=secret` shows, by id. */
  readonly secrets?: Readonly<Record<string, string>>;
  /** Whether steps that were done before are taken from the store (default: yes). */
  readonly isCacheUsed?: boolean;
  /** Executes RUN. */
  readonly run: RunStep;
  /** What RUN may reach when it does not say so by --network (default: "none"). */
  readonly runNetwork?: RunNetwork;
  /** Told each line of progress. */
  readonly log: (line: string) => void;
  /** Whether RUN is executed at all. */
  readonly isRunAllowed: boolean;
}

/**
 * Builds an image from a Dockerfile without Docker. Steps that were built before are taken from
 * the store. Everything that can be refused is, before anything is built.
 *
 * @throws {ImageError} DOCKERFILE_INVALID or DOCKERFILE_UNSUPPORTED by line; COPY_FAILED;
 *   NO_SUCH_IMAGE; RUN_FAILED; RUN_NOT_ALLOWED; what finding a base image throws
 */
export async function buildImage(options: BuildOptions): Promise<Image> {
  const { store, tag } = options;
  await using _held = await store.hold();
  const parsed = parseDockerfile(options.dockerfile);
  for (const instruction of parsed.instructions) findStep(instruction);
  const platform = options.platform === undefined ? hostPlatform : parsePlatform(options.platform);
  const { buildArgs, target } = options;
  const plan = planStages(parsed.instructions, {
    ...{ buildArgs, platform, escape: parsed.escape },
    ...(target !== undefined && { target }),
  });
  if (!options.isRunAllowed) refuseRun(plan.stages);
  refuseForeignRun(plan.stages);
  const stages = new Map<string, StageState>();
  const job = await openJob(options, { parsed, plan, platform, stages });
  for (const stage of plan.stages) {
    const state = await buildStage(stage, job);
    stages.set(String(stage.index), state);
    if (stage.name !== undefined) stages.set(stage.name, state);
  }
  await job.digests.save();
  const final = stages.get(String(plan.stages.at(-1)?.index));
  if (final === undefined) throw new ImageError("DOCKERFILE_INVALID", "Cannot build: no stage");
  const { base, config, history, origin } = final;
  const layers = final.layers.map((layer) => layer.name);
  const image = { base, config, platform: final.platform, layers, history };
  return await store.create(image, tag, origin);
}

async function openJob(
  options: BuildOptions,
  made: {
    readonly parsed: ParsedDockerfile;
    readonly plan: StagePlan;
    readonly platform: BuildJob["platform"];
    readonly stages: BuildJob["stages"];
  },
): Promise<BuildJob> {
  const { store, contextDir, dockerfilePath, log } = options;
  const ignoreFiles = dockerfilePath === undefined ? [] : [`${dockerfilePath}.dockerignore`];
  return {
    ...{ store, log, stages: made.stages, platform: made.platform },
    escape: made.parsed.escape,
    context: await openBuildContext(contextDir, ignoreFiles),
    digests: await openFileDigests(store.layers.cacheDir, contextDir),
    buildArgs: options.buildArgs,
    globalArgs: made.plan.globalArgs,
    resolveImage: options.resolveImage ?? createImageResolver({ store, contextDir }),
    buildContexts: options.buildContexts ?? {},
    fallbackBase: options.fallbackBase,
    cacheSalt: options.isCacheUsed === false ? [randomUUID()] : [],
    secrets: options.secrets ?? {},
    run: options.run,
    runNetwork: options.runNetwork ?? "none",
    note: noteOnce(log),
  };
}

async function buildStage(stage: PlannedStage, job: BuildJob): Promise<StageState> {
  let state = await startStage(stage, job);
  for (const instruction of stage.instructions) {
    state = await findStep(instruction)(state, instruction, job);
  }
  return state;
}

function refuseRun(stages: readonly PlannedStage[]): void {
  const isRun = ({ keyword }: Instruction): boolean => keyword === "RUN";
  const run = stages.flatMap((stage) => stage.instructions).find(isRun);
  if (run === undefined) return;
  throw new ImageError(
    "RUN_NOT_ALLOWED",
    `Cannot build line ${run.line}: RUN ${run.text}; RUN steps are turned off: leave out ` +
      "--no-run-steps (isRunAllowed: false) to allow them",
    { line: run.line },
  );
}

/** A command of another architecture would fail by "exec format error", after all before it. */
function refuseForeignRun(stages: readonly PlannedStage[]): void {
  for (const { platform, instructions } of stages) {
    const run = instructions.find(({ keyword }) => keyword === "RUN");
    const isOurs = platform.os === "linux" && platform.architecture === hostPlatform.architecture;
    if (isOurs || run === undefined) continue;
    throw new ImageError(
      "DOCKERFILE_UNSUPPORTED",
      `Cannot build line ${run.line}: RUN for ${formatPlatform(platform)}; this machine runs ` +
        `${formatPlatform(hostPlatform)} only: build there, or in a stage with ` +
        "FROM --platform=$BUILDPLATFORM and COPY --from",
      { line: run.line },
    );
  }
}

function noteOnce(log: (line: string) => void): (text: string) => void {
  const said = new Set<string>();
  return (text) => {
    if (said.has(text)) return;
    said.add(text);
    log(`note: ${text}`);
  };
}
