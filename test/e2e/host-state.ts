import { spawnSync } from "node:child_process";
import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { eventually } from "./eventually.ts";

/** What engines can leave on a host, each as a line that names it. */
export interface HostState {
  readonly processes: readonly string[];
  readonly mounts: readonly string[];
  readonly controlGroups: readonly string[];
  readonly links: readonly string[];
  readonly rules: readonly string[];
  readonly files: readonly string[];
}

/** Nothing is left. */
export const NOTHING: HostState = {
  processes: [],
  mounts: [],
  controlGroups: [],
  links: [],
  rules: [],
  files: [],
};

/** A process for good: pids are used again. */
interface ProcessIdentity {
  readonly pid: number;
  readonly startTicks: string;
  readonly command: string;
}

/**
 * Watches what one server holds on the host. Others may run beside the tests, so it looks for
 * processes that it saw in the server's tree, and for names that hold the ids of its engine.
 */
export class HostWatch {
  readonly #tmpDir: string;
  readonly #seen = new Map<string, ProcessIdentity>();
  readonly #names = new Set<string>();

  /** @param tmpDir the TMPDIR of the server, and of no other that runs */
  constructor(tmpDir: string) {
    this.#tmpDir = tmpDir;
  }

  /** Notes the process tree of a server, or of this process, and what its engine holds now. */
  note(rootPid: number): HostState {
    for (const found of [identify(rootPid), ...descendantsOf(rootPid)]) {
      if (found !== undefined && found.pid !== process.pid)
        this.#seen.set(`${found.pid}:${found.startTicks}`, found);
    }
    for (const path of listFiles(this.#tmpDir)) {
      const name = /\/(?:sandbox-([0-9a-f]{8})|(engine-\w+))$/.exec(path);
      for (const part of name?.slice(1) ?? []) if (part !== undefined) this.#names.add(part);
    }
    return this.#held();
  }

  /** What is left once nothing is, or else in the end: the kernel takes a moment. */
  left(): Promise<HostState> {
    return eventually(
      () => this.#held(),
      (state) => Object.values(state).every((lines) => lines.length === 0),
      10_000,
    );
  }

  /** The processes of a server's tree whose command line matches. */
  processes(rootPid: number, command: RegExp): readonly number[] {
    return descendantsOf(rootPid)
      .filter((found) => command.test(found.command))
      .map(({ pid }) => pid);
  }

  #held(): HostState {
    const isOurs = (line: string): boolean => [...this.#names].some((name) => line.includes(name));
    const rules = spawnSync("nft", ["list", "ruleset"], { encoding: "utf8" }).stdout ?? "";
    return {
      processes: [...this.#seen.values()].filter(isAlive).map(describe),
      mounts: readText("/proc/mounts").split("\n").filter(isOurs),
      controlGroups: listFolders("/sys/fs/cgroup", 4).filter(isOurs),
      links: listFolders("/sys/class/net", 0).filter(isOurs),
      rules: rules.split("\n").filter(isOurs),
      files: listFiles(this.#tmpDir).filter(isOurs),
    };
  }
}

function describe({ pid, command }: ProcessIdentity): string {
  return `${pid} ${command}`;
}

function isAlive({ pid, startTicks }: ProcessIdentity): boolean {
  const now = identify(pid);
  return now !== undefined && now.startTicks === startTicks;
}

/** undefined when it is gone, or a zombie: its parent has only not asked yet. */
function identify(pid: number): ProcessIdentity | undefined {
  const stat = readText(`/proc/${pid}/stat`);
  const fields = stat.slice(stat.lastIndexOf(")") + 2).split(" ");
  const [state, startTicks] = [fields[0], fields[19]];
  if (startTicks === undefined || state === "Z" || state === "X") return undefined;
  return { pid, startTicks, command: readText(`/proc/${pid}/cmdline`).replaceAll("\0", " ") };
}

function descendantsOf(rootPid: number): readonly ProcessIdentity[] {
  const parents = new Map(listPids().map((pid) => [pid, parentOf(pid)]));
  const family = new Set([rootPid]);
  for (let size = 0; size !== family.size;) {
    size = family.size;
    for (const [pid, parent] of parents) if (family.has(parent)) family.add(pid);
  }
  family.delete(rootPid);
  return [...family].map(identify).filter((found) => found !== undefined);
}

function listPids(): readonly number[] {
  return readdirSync("/proc")
    .filter((name) => /^\d+$/.test(name))
    .map(Number);
}

function parentOf(pid: number): number {
  const stat = readText(`/proc/${pid}/stat`);
  return Number(stat.slice(stat.lastIndexOf(")") + 2).split(" ")[1] ?? 0);
}

function listFiles(directory: string): readonly string[] {
  try {
    const entries = readdirSync(directory, { withFileTypes: true });
    const paths = entries.filter((entry) => entry.isDirectory()).map(({ name }) => name);
    return paths.flatMap((name) => {
      const path = join(directory, name);
      const isDeepEnough = /^(sandbox|images)/.test(name);
      return isDeepEnough ? [path] : [path, ...listFiles(path)];
    });
  } catch {
    return []; // removed while it is listed
  }
}

function listFolders(directory: string, depth: number): readonly string[] {
  try {
    const entries = readdirSync(directory, { withFileTypes: true });
    const paths = entries
      .filter((entry) => entry.isDirectory() || entry.isSymbolicLink())
      .map(({ name }) => join(directory, name));
    return depth === 0 ? paths : paths.flatMap((path) => [path, ...listFolders(path, depth - 1)]);
  } catch {
    return []; // removed while it is listed
  }
}

function readText(path: string): string {
  try {
    return readFileSync(path, "latin1");
  } catch {
    return ""; // gone
  }
}
