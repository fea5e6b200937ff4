import type { BuildJob } from "./build-job.ts";
import { openBuildContext } from "./copy/build-context.ts";
import type { Instruction } from "./dockerfile/instruction.ts";
import { parseDockerfile } from "./dockerfile/parse-dockerfile.ts";
import { ImageError } from "./image-error.ts";
import type { BuildStore, Image } from "./image-store.ts";
import { planStages, type PlannedStage } from "./plan-stages.ts";
import type { RunStep } from "./run-step.ts";
import type { StageState } from "./stage-state.ts";
import { startStage } from "./start-stage.ts";
import { findStep } from "./steps/find-step.ts";

export type { RunStep } from "./run-step.ts";

/** What {@link buildImage} builds from, and by what. */
export interface BuildOptions {
  readonly store: BuildStore;
  /** The Dockerfile's text. */
  readonly dockerfile: string;
  /** What COPY reads; an absolute path. */
  readonly contextDir: string;
  /** The name of the result. */
  readonly tag: string;
  /** Values for ARG. */
  readonly buildArgs: Readonly<Record<string, string>>;
  /** Executes RUN. */
  readonly run: RunStep;
  /** What RUN may reach (default: "none"). */
  readonly runNetwork?: "none" | "internet";
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
 *   RUN_FAILED; RUN_NOT_ALLOWED
 */
export async function buildImage(options: BuildOptions): Promise<Image> {
  const { store, tag, log } = options;
  const { instructions, escape } = parseDockerfile(options.dockerfile);
  for (const instruction of instructions) findStep(instruction);
  const plan = planStages(instructions, { buildArgs: options.buildArgs, escape });
  if (!options.isRunAllowed) refuseRun(plan.stages);
  const stages = new Map<string, StageState>();
  const job: BuildJob = {
    ...{ store, escape, log, stages },
    context: await openBuildContext(options.contextDir),
    buildArgs: options.buildArgs,
    globalArgs: plan.globalArgs,
    run: options.run,
    runNetwork: options.runNetwork ?? "none",
    note: noteOnce(log),
  };
  for (const stage of plan.stages) {
    const state = await buildStage(stage, job);
    stages.set(String(stage.index), state);
    if (stage.name !== undefined) stages.set(stage.name, state);
  }
  const final = stages.get(String(plan.stages.at(-1)?.index));
  if (final === undefined) throw new ImageError("DOCKERFILE_INVALID", "Cannot build: no stage");
  const { base, config } = final;
  return store.create({ base, config, layers: final.layers.map((layer) => layer.name) }, tag);
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

function noteOnce(log: (line: string) => void): (text: string) => void {
  const said = new Set<string>();
  return (text) => {
    if (said.has(text)) return;
    said.add(text);
    log(`note: ${text}`);
  };
}
