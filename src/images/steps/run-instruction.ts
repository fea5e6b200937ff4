import { rm } from "node:fs/promises";
import { createInterface } from "node:readline";

import type { BuildJob } from "../build-job.ts";
import { findHome, ownerOf } from "../copy/owner-of.ts";
import { parseExecForm } from "../dockerfile/exec-form.ts";
import type { Instruction } from "../dockerfile/instruction.ts";
import { ImageError } from "../image-error.ts";
import { cleanRunLayer } from "../layer/clean-run-layer.ts";
import { findOpaque } from "../layer/find-opaque.ts";
import { canOwn, ownersOfRun } from "../layer/layer-owners.ts";
import { LayerWriter } from "../layer/layer-writer.ts";
import type { RunMount, RunNetwork, RunRequest } from "../run-step.ts";
import { shellOf, treeOf, variablesOf, type StageState } from "../stage-state.ts";
import { addLayer } from "./add-layer.ts";
import { makeMountPoints } from "./mount-points.ts";
import { parseMount } from "./mount-spec.ts";
import { planMounts, type PlannedMount } from "./run-mounts.ts";
import { unsupportedAt, type Step } from "./step.ts";

/** RUN: executes a command in the image; what it writes becomes a layer. */
export const runInstruction: Step = async (state, instruction, job) => {
  const command = {
    argv: toArgv(state, instruction),
    env: { HOME: await homeOf(state), ...variablesOf(state) },
    cwd: state.config.workingDir,
    ...(state.config.user !== undefined && { user: state.config.user }),
  };
  const mounts = await planMounts({ state, instruction, job });
  if (mounts.length === 0) await requireProgram(command.argv, state, instruction);
  const network = networkOf(instruction, job);
  const mountKeys = mounts.map(({ key }) => key);
  return addLayer(
    state,
    {
      title: `RUN ${instruction.text}`,
      key: ["RUN", command, ...(mountKeys.length > 0 ? [mountKeys] : [])],
      fill: async (draftDir) => {
        const layers = state.layers.map((layer) => layer.directory);
        const place = { layers, base: state.base, writableDir: draftDir };
        await withMounts(mounts, { state, draftDir, job }, (opened) =>
          execute({ ...command, ...place, network, mounts: opened }, instruction, job),
        );
        const lower = treeOf(state);
        const opaque = await findOpaque(draftDir, lower);
        await cleanRunLayer(draftDir, lower, opaque);
        if (canOwn()) return { opaque };
        const user = await ownerOf(state.config.user ?? "0:0", lower, instruction.line);
        return { opaque, owners: await ownersOfRun(draftDir, lower, user) };
      },
    },
    job,
  );
};

/** Else the only word of it is exit code 127. */
async function requireProgram(
  [program = ""]: readonly string[],
  state: StageState,
  { line, text }: Instruction,
): Promise<void> {
  if (state.base === "host" || !program.startsWith("/")) return;
  const tree = treeOf(state);
  if ((await tree.lookup(await tree.resolve(program))) !== undefined) return;
  throw new ImageError(
    "RUN_FAILED",
    `Cannot build line ${line}: RUN ${text}; there is no ${program} in the image: use the exec ` +
      'form, RUN ["program", "argument"], or a base image that has it',
    { line },
  );
}

/** Refuses flags that are not known. */
export function checkRunFlags(instruction: Instruction): void {
  for (const { name, value } of instruction.flags) {
    if (name === "network" && ["none", "default"].includes(value)) continue;
    if (name === "mount") {
      if (!value.includes("$")) parseMount(value, instruction);
      continue;
    }
    const flag = `--${name}${value === "" ? "" : `=${value}`}`;
    throw unsupportedAt(instruction, flag, "only --mount and --network=none or default are known");
  }
}

function networkOf(instruction: Instruction, job: BuildJob): RunNetwork {
  const asked = instruction.flags.findLast(({ name }) => name === "network")?.value;
  if (asked === undefined) return job.runNetwork;
  return asked === "none" ? "none" : "internet";
}

/** Has the files of mounts there for as long as RUN runs. */
async function withMounts(
  mounts: readonly PlannedMount[],
  scope: { readonly state: StageState; readonly draftDir: string; readonly job: BuildJob },
  work: (opened: readonly RunMount[]) => Promise<void>,
): Promise<void> {
  if (mounts.length === 0) return work([]);
  const { state, draftDir, job } = scope;
  const tree = treeOf(state, { directory: draftDir, opaque: [], isGrowing: true });
  const writer = new LayerWriter(draftDir, tree, { uid: 0, gid: 0 });
  const points = await makeMountPoints(mounts, { draftDir, tree, lower: treeOf(state), writer });
  const scratchDirs: string[] = [];
  try {
    const opened: RunMount[] = [];
    for (const { open, target, isReadOnly } of mounts) {
      const scratchDir = await job.store.layers.createDraft();
      scratchDirs.push(scratchDir);
      opened.push({ source: await open(scratchDir), target, isReadOnly });
    }
    await work(opened);
    await points.remove();
  } finally {
    for (const scratchDir of scratchDirs) await rm(scratchDir, { recursive: true, force: true });
  }
}

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
  "; it seems to need a network, which RUN has where it is asked for (RUN --network=default, or " +
  "--network default for all) and the sandbox has internet (slirp4netns or pasta): ask for it, or " +
  "fetch before the build and COPY the result";

/** What runs: the exec form, a lone heredoc as a script, or else the shell form. */
function toArgv(state: StageState, instruction: Instruction): readonly string[] {
  const exec = parseExecForm(instruction.text);
  if (exec !== undefined) return exec;
  const [document] = instruction.heredocs;
  const isScript = /^<<-?(["']?)\S+\1$/.test(instruction.text) && instruction.heredocs.length === 1;
  if (!isScript || document === undefined) return [...shellOf(state), instruction.script];
  const interpreter = /^#!\s*(\S+)(?:[ \t]+(\S+))?/.exec(document.body);
  if (interpreter?.[1] === undefined) return [...shellOf(state), document.body];
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

/** As in Docker, by the image's own accounts. */
async function homeOf(state: StageState): Promise<string> {
  const [name = ""] = (state.config.user ?? "root").split(":");
  const home = await findHome(name, treeOf(state));
  if (home !== undefined) return home;
  if (name === "root" || name === "0") return "/root";
  const isNode = state.base === "host" && (name === "node" || name === "1000");
  return isNode ? "/home/node" : "/";
}
