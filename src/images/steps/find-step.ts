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
  volumeStep,
} from "./config-steps.ts";
import { checkCopyFlags } from "./copy-flags.ts";
import { copyStep } from "./copy-step.ts";
import { checkHealthcheck, healthcheckStep } from "./healthcheck-step.ts";
import { checkRunFlags, runInstruction } from "./run-instruction.ts";
import { invalidAt, unsupportedAt, type Step } from "./step.ts";
import { workdirStep } from "./workdir-step.ts";

const steps: ReadonlyMap<string, Step> = new Map<string, Step>([
  ["ADD", copyStep],
  ["ARG", argStep],
  ["CMD", cmdStep],
  ["COPY", copyStep],
  ["ENTRYPOINT", entrypointStep],
  ["ENV", envStep],
  ["EXPOSE", exposeStep],
  ["FROM", (state) => state], // a FROM begins a stage before its steps run
  ["HEALTHCHECK", healthcheckStep],
  ["LABEL", labelStep],
  ["MAINTAINER", maintainerStep],
  ["RUN", runInstruction],
  ["SHELL", shellStep],
  ["STOPSIGNAL", stopSignalStep],
  ["USER", userStep],
  ["VOLUME", volumeStep],
  ["WORKDIR", workdirStep],
]);

const flagChecks: ReadonlyMap<string, (instruction: Instruction) => void> = new Map([
  ["ADD", checkCopyFlags],
  ["COPY", checkCopyFlags],
  ["FROM", checkFromFlags],
  ["HEALTHCHECK", checkHealthcheck],
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
 * @throws {ImageError} DOCKERFILE_INVALID for one that Docker does not know either;
 *   DOCKERFILE_UNSUPPORTED for what this builder does not do
 */
export function findStep(instruction: Instruction): Step {
  const { keyword, line, text } = instruction;
  if (keyword === "ONBUILD") {
    const fix = "write what it would do into the Dockerfiles that begin FROM this image";
    throw unsupportedAt(instruction, text, fix);
  }
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
