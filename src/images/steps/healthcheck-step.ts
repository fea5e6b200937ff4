import { parseDuration } from "../../core/duration.ts";
import { parseExecForm } from "../dockerfile/exec-form.ts";
import type { Instruction, InstructionFlag } from "../dockerfile/instruction.ts";
import { withConfig } from "../stage-state.ts";
import { invalidAt, unsupportedAt, type Step } from "./step.ts";

const NANOSECONDS_IN_MS = 1_000_000;

/** The flags that are durations, and the fields of the image's config that they become. */
const durationFields: ReadonlyMap<string, string> = new Map([
  ["interval", "Interval"],
  ["timeout", "Timeout"],
  ["start-period", "StartPeriod"],
  ["start-interval", "StartInterval"],
]);

/** HEALTHCHECK: recorded for other engines; this one and Cloudflare ask for readiness otherwise. */
export const healthcheckStep: Step = (state, instruction, job) => {
  job.note(
    `HEALTHCHECK (line ${instruction.line}) is recorded, and has no effect here: the runtime asks ` +
      "for readiness in its own way",
  );
  const fields = instruction.flags.map((flag) => toField(flag, instruction));
  return withConfig(state, {
    healthcheck: { Test: toTest(instruction), ...Object.fromEntries(fields) },
  });
};

/**
 * Refuses flags that are not known.
 *
 * @throws {ImageError} DOCKERFILE_UNSUPPORTED; DOCKERFILE_INVALID for a value that is none
 */
export function checkHealthcheck(instruction: Instruction): void {
  for (const flag of instruction.flags) toField(flag, instruction);
  if (instruction.text !== "") toTest(instruction);
}

function toField({ name, value }: InstructionFlag, instruction: Instruction): [string, number] {
  const field = durationFields.get(name);
  if (field !== undefined) return [field, toNanoseconds(value, instruction)];
  if (name !== "retries") {
    const known = [...durationFields.keys(), "retries"].map((each) => `--${each}`).join(", ");
    throw unsupportedAt(instruction, `--${name}`, `known are ${known}`);
  }
  if (/^\d+$/.test(value)) return ["Retries", Number(value)];
  throw invalidAt(instruction, `--retries=${value} is no number of times`);
}

function toNanoseconds(text: string, instruction: Instruction): number {
  try {
    return parseDuration(text, "duration") * NANOSECONDS_IN_MS;
  } catch {
    throw invalidAt(instruction, `${text} is no duration; write 30s, 1m30s or 500ms`);
  }
}

function toTest(instruction: Instruction): readonly string[] {
  const [, kind = "", command = ""] = /^(\S+)\s*([\s\S]*)$/.exec(instruction.text) ?? [];
  if (kind.toUpperCase() === "NONE" && command === "") return ["NONE"];
  if (kind.toUpperCase() !== "CMD" || command === "") {
    throw invalidAt(instruction, "write HEALTHCHECK CMD command, or HEALTHCHECK NONE");
  }
  const exec = parseExecForm(command);
  return exec === undefined ? ["CMD-SHELL", command] : ["CMD", ...exec];
}
