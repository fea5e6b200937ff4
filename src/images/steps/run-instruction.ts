import { createInterface } from "node:readline";

import type { BuildJob } from "../build-job.ts";
import { parseExecForm } from "../dockerfile/exec-form.ts";
import type { Instruction } from "../dockerfile/instruction.ts";
import { ImageError } from "../image-error.ts";
import { findOpaque } from "../layer/find-opaque.ts";
import type { RunRequest } from "../run-step.ts";
import { treeOf, variablesOf, type StageState } from "../stage-state.ts";
import { addLayer } from "./add-layer.ts";
import { unsupportedAt, type Step } from "./step.ts";

/** RUN: executes a command in the image; what it writes becomes a layer. */
export const runInstruction: Step = (state, instruction, job) => {
  checkFlags(instruction, job);
  const command = {
    argv: toArgv(state, instruction),
    env: { HOME: homeOf(state.config.user), ...variablesOf(state) },
    cwd: state.config.workingDir,
    ...(state.config.user !== undefined && { user: state.config.user }),
  };
  return addLayer(
    state,
    {
      title: `RUN ${instruction.text}`,
      key: ["RUN", command],
      fill: async (draftDir) => {
        const layers = state.layers.map((layer) => layer.directory);
        const place = { layers, base: state.base, writableDir: draftDir };
        await execute({ ...command, ...place, network: job.runNetwork }, instruction, job);
        return findOpaque(draftDir, treeOf(state));
      },
    },
    job,
  );
};

async function execute(
  request: RunRequest,
  instruction: Instruction,
  job: BuildJob,
): Promise<void> {
  const { exitCode, output } = await job.run(request);
  let needsNetwork = false;
  for await (const line of createInterface({ input: output, crlfDelay: Infinity })) {
    job.log(`  ${line}`);
    needsNetwork ||= networkFailure.test(line);
  }
  const code = await exitCode;
  if (code === 0) return;
  const { line, text } = instruction;
  throw new ImageError(
    "RUN_FAILED",
    `Cannot build line ${line}: RUN ${text}; it exited with ${code}` +
      (needsNetwork && request.network === "none" ? networkHint : ""),
    { line },
  );
}

const networkFailure =
  /ENOTFOUND|EAI_AGAIN|ENETUNREACH|ECONNREFUSED|getaddrinfo|could not resolve|name resolution|network is unreachable|unable to resolve host|failed to fetch|network request|name or service not known|temporary error/i;
const networkHint =
  "; it seems to need a network, which RUN has only where the sandbox has internet: fetch before " +
  "the build and COPY the result, or install slirp4netns or pasta";

/** What runs: the exec form, a lone heredoc as a script, or else the shell form. */
function toArgv(state: StageState, instruction: Instruction): readonly string[] {
  const exec = parseExecForm(instruction.text);
  if (exec !== undefined) return exec;
  const [document] = instruction.heredocs;
  const isScript = /^<<-?(["']?)\S+\1$/.test(instruction.text) && instruction.heredocs.length === 1;
  if (!isScript || document === undefined) return [...state.shell, instruction.script];
  const interpreter = /^#!\s*(\S+)(?:[ \t]+(\S+))?/.exec(document.body);
  if (interpreter?.[1] === undefined) return [...state.shell, document.body];
  // The kernel wants a file for "#!"; a shell that writes it to one needs no other tool.
  const start = [interpreter[1], interpreter[2]].filter((word) => word !== undefined).join(" ");
  const write = 'script="$(mktemp)"; printf %s "$1" > "$script"';
  return [
    "/bin/sh",
    "-c",
    `${write}; ${start} "$script"; code=$?; rm -f "$script"; exit $code`,
    "sh",
    document.body,
  ];
}

function checkFlags(instruction: Instruction, job: BuildJob): void {
  for (const { name, value } of instruction.flags) {
    if (name === "network" && ["none", "default"].includes(value)) continue;
    const mount =
      name === "mount" ? /(?:^|,)type=(cache|tmpfs)(?:,|$)/.exec(value)?.[1] : undefined;
    if (mount !== undefined) {
      job.note(`RUN --mount=type=${mount} is a plain directory, whose files stay in the layer`);
      continue;
    }
    const flag = `--${name}${value === "" ? "" : `=${value}`}`;
    throw unsupportedAt(instruction, flag, "COPY the files it needs, or do without");
  }
}

function homeOf(user: string | undefined): string {
  const name = (user ?? "root").split(":")[0] ?? "root";
  if (name === "root" || name === "0") return "/root";
  return name === "node" || name === "1000" ? "/home/node" : "/";
}
