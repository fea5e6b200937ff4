import { spawnSync } from "node:child_process";
import { existsSync, readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";

/** Everything on the host that a sandbox may make, as text lines that name it. */
export interface HostCensus {
  /** Processes whose command line or directory names the state directory. */
  readonly processes: readonly string[];
  readonly mounts: readonly string[];
  readonly controlGroups: readonly string[];
  readonly links: readonly string[];
  readonly rules: readonly string[];
  readonly files: readonly string[];
}

/** What the host has that belongs to a workspace; other engines may run beside the tests. */
export function takeCensus(workspace: string, ids: readonly string[]): HostCensus {
  const isOurs = (line: string): boolean =>
    line.includes(workspace) || ids.some((id) => line.includes(id));
  return {
    processes: listProcesses().filter(isOurs),
    mounts: readFileSync("/proc/mounts", "utf8").split("\n").filter(isOurs),
    controlGroups: listControlGroups("/sys/fs/cgroup", 4).filter(isOurs),
    links: readdirSync("/sys/class/net").filter(isOurs),
    rules: (spawnSync("nft", ["list", "ruleset"], { encoding: "utf8" }).stdout ?? "")
      .split("\n")
      .filter(isOurs),
    files: existsSync(workspace)
      ? readdirSync(workspace, { recursive: true, encoding: "utf8" }).filter(
          (name) => name.includes("sandbox-") || name.includes(".berth-work"),
        )
      : [],
  };
}

/** A census in which nothing is left. */
export const nothing: HostCensus = {
  processes: [],
  mounts: [],
  controlGroups: [],
  links: [],
  rules: [],
  files: [],
};

/** The ids of the sandboxes that have a directory in a state directory. */
export function sandboxIds(stateDir: string): readonly string[] {
  return readdirSync(stateDir).flatMap((name) =>
    name.startsWith("sandbox-") ? [name.slice("sandbox-".length)] : [],
  );
}

function listProcesses(): readonly string[] {
  return readdirSync("/proc")
    .filter((name) => /^\d+$/.test(name) && Number(name) !== process.pid)
    .map((pid) => `${pid} ${readText(`/proc/${pid}/cmdline`)} ${readText(`/proc/${pid}/mounts`)}`);
}

function listControlGroups(directory: string, depth: number): readonly string[] {
  if (depth === 0) return [];
  try {
    return readdirSync(directory, { withFileTypes: true })
      .filter((entry) => entry.isDirectory())
      .map(({ name }) => join(directory, name))
      .flatMap((path) => [path, ...listControlGroups(path, depth - 1)]);
  } catch {
    return []; // Removed while it is listed.
  }
}

function readText(file: string): string {
  try {
    return readFileSync(file, "latin1");
  } catch {
    return ""; // The process is gone.
  }
}

/** The pids of the children of a process, and theirs. */
export function descendantsOf(pid: number): readonly number[] {
  const children = readText(`/proc/${pid}/task/${pid}/children`).split(" ").filter(Boolean);
  return children.flatMap((child) => [Number(child), ...descendantsOf(Number(child))]);
}
