import { expandWord } from "../dockerfile/expand-word.ts";
import type { Instruction } from "../dockerfile/instruction.ts";
import { expandOptions, invalidAt, unsupportedAt } from "./step.ts";
import type { BuildJob } from "../build-job.ts";
import type { StageState } from "../stage-state.ts";

/** What the flags of COPY and ADD say. */
export interface CopyFlags {
  /** A stage's name or number, or an image. */
  readonly from?: string;
  /** Names or numbers, not resolved yet. */
  readonly chown?: string;
  /** Permission bits. */
  readonly mode?: number;
}

/** Reads the flags of COPY and ADD. `--link` changes nothing: every step is a layer of its own. */
export function parseCopyFlags(
  state: StageState,
  instruction: Instruction,
  job: BuildJob,
): CopyFlags {
  let flags: CopyFlags = {};
  for (const { name, value } of instruction.flags) {
    if (name === "from" && value.includes("$")) {
      throw unsupportedAt(instruction, `--from=${value}`, "name the stage without variables");
    }
    const text = expandWord(value, expandOptions(state, instruction, job));
    if (name === "from" && instruction.keyword === "COPY") flags = { ...flags, from: text };
    else if (name === "chown") flags = { ...flags, chown: text };
    else if (name === "chmod") flags = { ...flags, mode: parseMode(text, instruction) };
    else if (name !== "link") {
      throw unsupportedAt(instruction, `--${name}`, "only --from, --chown and --chmod are known");
    }
  }
  return flags;
}

function parseMode(text: string, instruction: Instruction): number {
  if (/^[0-7]{3,4}$/.test(text)) return Number.parseInt(text, 8);
  throw invalidAt(instruction, `--chmod=${text} is not octal; write it as 755 or 0644`);
}
