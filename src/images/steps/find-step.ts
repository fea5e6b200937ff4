import type { Instruction } from "../dockerfile/instruction.ts";
import { ImageError } from "../image-error.ts";
import {
  argStep,
  cmdStep,
  entrypointStep,
  envStep,
  exposeStep,
  labelStep,
  maintainerStep,
  shellStep,
  stopSignalStep,
  userStep,
} from "./config-steps.ts";
import { checkCopyFlags } from "./copy-flags.ts";
import { copyStep } from "./copy-step.ts";
import { checkRunFlags, runInstruction } from "./run-instruction.ts";
import { invalidAt, unsupportedAt, type Step } from "./step.ts";
import { workdirStep } from "./workdir-step.ts";

/** What has no effect here is said, so that nobody waits for it. */
function noted(why: string): Step {
  return (state, { keyword, line }, job) => {
    job.note(`${keyword} (line ${line}) has no effect: ${why}`);
    return state;
  };
}

const steps: ReadonlyMap<string, Step> = new Map<string, Step>([
  ["ADD", copyStep],
  ["ARG", argStep],
  ["CMD", cmdStep],
  ["COPY", copyStep],
  ["ENTRYPOINT", entrypointStep],
  ["ENV", envStep],
  ["EXPOSE", exposeStep],
  ["FROM", (state) => state], // a FROM begins a stage before its steps run
  ["HEALTHCHECK", noted("the runtime asks for readiness in its own way")],
  ["LABEL", labelStep],
  ["MAINTAINER", maintainerStep],
  ["ONBUILD", noted("triggers for later images are not kept")],
  ["RUN", runInstruction],
  ["SHELL", shellStep],
  ["STOPSIGNAL", stopSignalStep],
  ["USER", userStep],
  ["VOLUME", noted("every instance's files are its own and end with it")],
  ["WORKDIR", workdirStep],
]);

const flagChecks: ReadonlyMap<string, (instruction: Instruction) => void> = new Map([
  ["ADD", checkCopyFlags],
  ["COPY", checkCopyFlags],
  ["FROM", checkFromFlags],
  ["HEALTHCHECK", () => undefined], // it has no effect, nor have its flags
  ["RUN", checkRunFlags],
]);

function checkFromFlags(instruction: Instruction): void {
  for (const { name } of instruction.flags) {
    if (name === "platform") continue;
    throw unsupportedAt(instruction, `--${name}`, "only --platform is known");
  }
}

function refuseFlags(instruction: Instruction): void {
  const [flag] = instruction.flags;
  if (flag === undefined) return;
  throw unsupportedAt(instruction, `--${flag.name}`, "it takes no flags");
}

/**
 * Finds what carries out an instruction.
 *
 * @throws {ImageError} DOCKERFILE_INVALID for one that Docker does not know either
 */
export function findStep(instruction: Instruction): Step {
  const { keyword, line, text } = instruction;
  const step = steps.get(keyword);
  if (step === undefined) {
    throw new ImageError(
      "DOCKERFILE_INVALID",
      `Cannot read line ${line}: unknown instruction ${keyword}; known are ${[...steps.keys()].join(", ")}`,
      { line },
    );
  }
  (flagChecks.get(keyword) ?? refuseFlags)(instruction);
  if (text === "" && !["CMD", "ENTRYPOINT"].includes(keyword)) {
    throw invalidAt(instruction, "its arguments are missing");
  }
  return step;
}
