import { ImageError } from "./image-error.ts";
import type { Instruction, InstructionFlag } from "./dockerfile/instruction.ts";
import { expandWord, type ExpandOptions } from "./dockerfile/expand-word.ts";
import { parsePlatform } from "./dockerfile/parse-platform.ts";
import { formatPlatform, hostPlatform } from "./oci/platform.ts";
import type { Platform } from "./oci/descriptor.ts";
import { splitWords } from "./dockerfile/split-words.ts";

/** One FROM and what follows it. */
export interface PlannedStage {
  /** From 0. */
  readonly index: number;
  /** Lower case; undefined without AS. */
  readonly name: string | undefined;
  /** What FROM names, expanded. */
  readonly from: string;
  /** What FROM asks for by --platform, else what the build is for. */
  readonly platform: Platform;
  readonly line: number;
  readonly instructions: readonly Instruction[];
}

/** What {@link planStages} found. */
export interface StagePlan {
  /** Values of ARG before the first FROM. */
  readonly globalArgs: Readonly<Record<string, string>>;
  /** The stages that the target needs, and itself, in order. */
  readonly stages: readonly PlannedStage[];
}

/** What comes from outside the Dockerfile. */
export interface PlanOptions {
  readonly buildArgs: Readonly<Record<string, string>>;
  readonly escape: string;
  /** What the image is to run on. */
  readonly platform: Platform;
  /** The stage to build, by name or number (default: the last one). */
  readonly target?: string;
}

type FromOptions = PlanOptions & { readonly globalArgs: Readonly<Record<string, string>> };

/**
 * Splits instructions into stages and leaves out those that the target does not need.
 *
 * @throws {ImageError} DOCKERFILE_INVALID without FROM, with instructions before it, or without
 *   the target
 */
export function planStages(instructions: readonly Instruction[], options: PlanOptions): StagePlan {
  const firstFrom = instructions.findIndex(({ keyword }) => keyword === "FROM");
  if (firstFrom === -1) {
    throw new ImageError("DOCKERFILE_INVALID", "Cannot build: no FROM; begin with one");
  }
  const globalArgs = readGlobalArgs(instructions.slice(0, firstFrom), options);
  const stages: PlannedStage[] = [];
  for (const instruction of instructions.slice(firstFrom)) {
    if (instruction.keyword === "FROM") {
      stages.push(readFrom(instruction, stages.length, { ...options, globalArgs }));
      continue;
    }
    const stage = stages.pop();
    if (stage === undefined) continue; // the first one is a FROM
    stages.push({ ...stage, instructions: [...stage.instructions, instruction] });
  }
  return { globalArgs, stages: keepNeeded(stages, findTarget(stages, options.target)) };
}

function readGlobalArgs(
  instructions: readonly Instruction[],
  options: PlanOptions,
): Readonly<Record<string, string>> {
  const args: Record<string, string> = platformArgs(options.platform);
  for (const { keyword, line, text } of instructions) {
    if (keyword !== "ARG") {
      const error = `Cannot read line ${line}: ${keyword} before FROM; only ARG may stand there`;
      throw new ImageError("DOCKERFILE_INVALID", error, { line });
    }
    for (const word of splitWords(text, options.escape)) {
      const [name = "", ...rest] = word.split("=");
      const expand = { variables: args, escape: options.escape, line };
      const fallback = rest.length === 0 ? undefined : expandWord(rest.join("="), expand);
      const value = options.buildArgs[name] ?? fallback;
      if (value !== undefined) args[name] = value;
    }
  }
  return args;
}

function platformArgs(target: Platform): Record<string, string> {
  return { ...argsOf("BUILD", hostPlatform), ...argsOf("TARGET", target) };
}

function argsOf(prefix: string, platform: Platform): Record<string, string> {
  return {
    [`${prefix}PLATFORM`]: formatPlatform(platform),
    [`${prefix}OS`]: platform.os,
    [`${prefix}ARCH`]: platform.architecture,
    [`${prefix}VARIANT`]: platform.variant ?? "",
  };
}

function readFrom(instruction: Instruction, index: number, options: FromOptions): PlannedStage {
  const { line } = instruction;
  const [reference = "", as, name, ...rest] = splitWords(instruction.text, options.escape);
  const expand = { variables: options.globalArgs, escape: options.escape, line };
  const from = expandWord(reference, expand);
  const hasName = as?.toLowerCase() === "as" && name !== undefined && /^[a-z][\w.-]*$/i.test(name);
  if (from === "" || rest.length > 0 || (as !== undefined && !hasName)) {
    throw new ImageError(
      "DOCKERFILE_INVALID",
      `Cannot read line ${line}: FROM ${instruction.text}; write FROM image or FROM image AS name`,
      { line },
    );
  }
  const platform = readPlatform(instruction, expand) ?? options.platform;
  return { index, from, platform, line, name: name?.toLowerCase(), instructions: [] };
}

function readPlatform({ flags, line }: Instruction, expand: ExpandOptions): Platform | undefined {
  const asked = flags.find(({ name }) => name === "platform");
  const text = asked === undefined ? "" : expandWord(asked.value, expand);
  return text === "" ? undefined : parsePlatform(text, line);
}

function findTarget(
  stages: readonly PlannedStage[],
  target: string | undefined,
): PlannedStage | undefined {
  if (target === undefined) return stages.at(-1);
  const stage = findStage(stages, target);
  if (stage !== undefined) return stage;
  const names = stages.map(({ name, index }) => name ?? String(index));
  throw new ImageError(
    "DOCKERFILE_INVALID",
    `Cannot build target ${target}: no such stage; there are ${names.join(", ")}`,
  );
}

function keepNeeded(
  stages: readonly PlannedStage[],
  target: PlannedStage | undefined,
): readonly PlannedStage[] {
  const needed = new Set<number>();
  const visit = (stage: PlannedStage | undefined): void => {
    if (stage === undefined || needed.has(stage.index)) return;
    needed.add(stage.index);
    const earlier = stages.slice(0, stage.index);
    for (const reference of referencesOf(stage)) visit(findStage(earlier, reference));
  };
  visit(target);
  return stages.filter((stage) => needed.has(stage.index));
}

function referencesOf(stage: PlannedStage): readonly string[] {
  const flags = stage.instructions.flatMap((instruction) => instruction.flags);
  return [stage.from, ...flags.flatMap(referenceOf)];
}

function referenceOf({ name, value }: InstructionFlag): readonly string[] {
  if (name === "from") return [value];
  const from = name === "mount" ? /(?:^|,)from=([^,]+)/.exec(value)?.[1] : undefined;
  return from === undefined ? [] : [from];
}

/** A name that variables are part of may mean any stage; it is resolved when it is copied. */
function findStage(earlier: readonly PlannedStage[], reference: string): PlannedStage | undefined {
  const lower = reference.toLowerCase();
  return earlier.findLast(({ name }) => name === lower) ?? earlier[Number(reference)];
}
