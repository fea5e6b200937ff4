import type { BuildJob } from "../build-job.ts";
import type { ExpandOptions } from "../dockerfile/expand-word.ts";
import type { Instruction } from "../dockerfile/instruction.ts";
import { ImageError } from "../image-error.ts";
import { variablesOf, type StageState } from "../stage-state.ts";

/** Applies one instruction to a stage. */
export type Step = (
  state: StageState,
  instruction: Instruction,
  job: BuildJob,
) => StageState | Promise<StageState>;

/** @returns how words of an instruction are expanded */
export function expandOptions(
  state: StageState,
  instruction: Instruction,
  job: BuildJob,
): ExpandOptions {
  return { variables: variablesOf(state), escape: job.escape, line: instruction.line };
}

/** Makes the error for what Docker would refuse too. */
export function invalidAt(instruction: Instruction, fix: string): ImageError {
  const { line, keyword, text } = instruction;
  return new ImageError(
    "DOCKERFILE_INVALID",
    `Cannot read line ${line}: ${keyword} ${text}; ${fix}`,
    {
      line,
    },
  );
}

/** Makes the error for what Docker knows and this builder does not. */
export function unsupportedAt(instruction: Instruction, what: string, fix: string): ImageError {
  const { line, keyword } = instruction;
  return new ImageError(
    "DOCKERFILE_UNSUPPORTED",
    `Cannot build line ${line}: ${keyword} ${what}; ${fix}`,
    { line },
  );
}
