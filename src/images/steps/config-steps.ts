import { posix } from "node:path";

import { parseExecForm } from "../dockerfile/exec-form.ts";
import { expandWord } from "../dockerfile/expand-word.ts";
import type { Instruction } from "../dockerfile/instruction.ts";
import { parsePairs } from "../dockerfile/parse-pairs.ts";
import { splitWords } from "../dockerfile/split-words.ts";
import { shellOf, variablesOf, withConfig, type StageState } from "../stage-state.ts";
import { expandOptions, invalidAt, type Step } from "./step.ts";

/** ARG: declares what a build may be given. */
export const argStep: Step = (state, instruction, job) => {
  const args: Record<string, string> = { ...state.args };
  for (const word of splitWords(instruction.text, job.escape)) {
    const options = {
      ...expandOptions(state, instruction, job),
      variables: { ...variablesOf(state), ...args },
    };
    const at = word.indexOf("=");
    const name = at === -1 ? word : word.slice(0, at);
    if (!/^[A-Za-z_]\w*$/.test(name)) throw invalidAt(instruction, "write ARG NAME or NAME=value");
    const fallback = at === -1 ? job.globalArgs[name] : expandWord(word.slice(at + 1), options);
    const value = job.buildArgs[name] ?? fallback;
    if (value !== undefined) args[name] = value;
  }
  return { ...state, args };
};

/** ENV: sets the environment of later steps and of the container. */
export const envStep: Step = (state, instruction, job) => {
  const pairs = parsePairs("ENV", instruction.text, expandOptions(state, instruction, job));
  return withConfig(state, { env: { ...state.config.env, ...Object.fromEntries(pairs) } });
};

/** LABEL: sets labels. */
export const labelStep: Step = (state, instruction, job) => {
  const pairs = parsePairs("LABEL", instruction.text, expandOptions(state, instruction, job));
  return withConfig(state, { labels: { ...state.config.labels, ...Object.fromEntries(pairs) } });
};

/** MAINTAINER: the old way of saying a label. */
export const maintainerStep: Step = (state, { text }) =>
  withConfig(state, { labels: { ...state.config.labels, maintainer: text } });

/** USER: whom later steps and the container run as. */
export const userStep: Step = (state, instruction, job) => {
  const user = expandWord(instruction.text, expandOptions(state, instruction, job));
  if (user === "") throw invalidAt(instruction, "name a user");
  return withConfig(state, { user });
};

/** EXPOSE: names ports. */
export const exposeStep: Step = (state, instruction, job) => {
  const options = expandOptions(state, instruction, job);
  const words = splitWords(instruction.text, job.escape).flatMap((word) =>
    splitWords(expandWord(word, options), job.escape),
  );
  const ports = words.flatMap((word) => parsePorts(word, instruction));
  const all = new Set([...state.config.exposedPorts, ...ports]);
  return withConfig(state, { exposedPorts: [...all].toSorted((a, b) => a - b) });
};

function parsePorts(word: string, instruction: Instruction): readonly number[] {
  const match = /^(\d+)(?:-(\d+))?(?:\/(tcp|udp|sctp))?$/i.exec(word);
  const first = Number(match?.[1]);
  const last = Number(match?.[2] ?? first);
  const isValid = match !== null && first >= 1 && first <= last && last <= 65_535;
  if (!isValid) throw invalidAt(instruction, `${word} is no port; write 1 to 65535, or 80/tcp`);
  if ((match[3] ?? "tcp").toLowerCase() !== "tcp") return []; // workerd reaches TCP ports only
  return Array.from({ length: last - first + 1 }, (_value, index) => first + index);
}

/** STOPSIGNAL: what stops the container. */
export const stopSignalStep: Step = (state, instruction, job) => {
  const stopSignal = expandWord(instruction.text, expandOptions(state, instruction, job));
  return withConfig(state, { stopSignal });
};

/** SHELL: what the shell form runs in. */
export const shellStep: Step = (state, instruction) => {
  const shell = parseExecForm(instruction.text);
  if (shell === undefined || shell.length === 0) {
    throw invalidAt(instruction, 'write a JSON list, as ["/bin/bash", "-c"]');
  }
  return withConfig(state, { shell });
};

/** VOLUME: recorded for other engines. */
export const volumeStep: Step = (state, instruction, job) => {
  job.note(
    `VOLUME (line ${instruction.line}) is recorded, and has no effect here: every instance's ` +
      "files are its own and end with it",
  );
  const options = expandOptions(state, instruction, job);
  const words = parseExecForm(instruction.text) ?? splitWords(instruction.text, job.escape);
  const named = words.map((word) => expandWord(word, options));
  if (named.includes("")) throw invalidAt(instruction, "name directories");
  const volumes = new Set([...(state.config.volumes ?? []), ...named]);
  return withConfig(state, { volumes: [...volumes].toSorted() });
};

/** CMD: what runs, or the arguments of ENTRYPOINT. */
export const cmdStep: Step = (state, instruction) => ({
  ...withConfig(state, { cmd: toCommand(state, instruction) }),
  hasOwnCmd: true,
});

/** ENTRYPOINT: what always runs. */
export const entrypointStep: Step = (state, instruction) => {
  const entrypoint = toCommand(state, instruction);
  return withConfig(state, { entrypoint, ...(!state.hasOwnCmd && { cmd: [] }) });
};

/** @returns the argv of either form */
function toCommand(state: StageState, instruction: Instruction): readonly string[] {
  const exec = parseExecForm(instruction.text);
  if (exec !== undefined) return exec;
  return instruction.text === "" ? [] : [...shellOf(state), instruction.text];
}

/** @returns a path of the image, seen from WORKDIR */
export function fromWorkingDir(state: StageState, path: string): string {
  const absolute = posix.resolve("/", state.config.workingDir, path);
  return absolute === "/" ? "/" : absolute.replace(/\/+$/, "");
}
