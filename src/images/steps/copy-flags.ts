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
  /** Patterns as in .dockerignore, of what is left out. */
  readonly exclude: readonly string[];
  /** Whether the sources' parent directories are copied with them. */
  readonly keepsParents: boolean;
}

const known: Readonly<Record<string, readonly string[]>> = {
  COPY: ["from", "chown", "chmod", "link", "exclude", "parents"],
  ADD: ["chown", "chmod", "link", "exclude"],
};

/**
 * Refuses flags that are not known.
 *
 * @throws {ImageError} DOCKERFILE_UNSUPPORTED by line and name
 */
export function checkCopyFlags(instruction: Instruction): void {
  const names = known[instruction.keyword] ?? [];
  for (const { name, value } of instruction.flags) {
    if (!names.includes(name)) {
      const list = names.map((each) => `--${each}`).join(", ");
      throw unsupportedAt(instruction, `--${name}`, `only ${list} are known`);
    }
    if (name === "from" && value.includes("$")) {
      throw unsupportedAt(instruction, `--from=${value}`, "name the stage without variables");
    }
  }
}

/** Reads the flags of COPY and ADD. `--link` changes nothing: every step is a layer of its own. */
export function parseCopyFlags(
  state: StageState,
  instruction: Instruction,
  job: BuildJob,
): CopyFlags {
  const options = expandOptions(state, instruction, job);
  const values = (name: string): readonly string[] =>
    instruction.flags
      .filter((flag) => flag.name === name)
      .map((flag) => expandWord(flag.value, options));
  const from = values("from").at(-1);
  const chown = values("chown").at(-1);
  const chmod = values("chmod").at(-1);
  return {
    ...(from !== undefined && { from }),
    ...(chown !== undefined && { chown }),
    ...(chmod !== undefined && { mode: parseMode(chmod, instruction) }),
    exclude: values("exclude"),
    keepsParents: values("parents").some((value) => value !== "false"),
  };
}

function parseMode(text: string, instruction: Instruction): number {
  if (/^[0-7]{3,4}$/.test(text)) return Number.parseInt(text, 8);
  throw invalidAt(instruction, `--chmod=${text} is not octal; write it as 755 or 0644`);
}
