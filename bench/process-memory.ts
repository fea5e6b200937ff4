import { readdirSync, readFileSync, readlinkSync } from "node:fs";
import { basename } from "node:path";

/** Memory of some processes, in bytes. */
export interface ProcessMemory {
  /** Shared pages count in part. */
  readonly pssBytes: number;
  readonly rssBytes: number;
}

/** Memory of this process and of all it started, but for programs of these names. */
export function memoryOfTree(rootPid: number, exceptPrograms: readonly string[]): ProcessMemory {
  let pssBytes = 0;
  let rssBytes = 0;
  for (const pid of pidsOfTree(rootPid)) {
    if (exceptPrograms.includes(programOf(pid))) continue;
    const rollup = readOrEmpty(`/proc/${pid}/smaps_rollup`);
    pssBytes += fieldBytes(rollup, "Pss");
    rssBytes += fieldBytes(rollup, "Rss");
  }
  return { pssBytes, rssBytes };
}

function pidsOfTree(rootPid: number): readonly number[] {
  const children = new Map<number, number[]>();
  for (const name of readdirSync("/proc")) {
    if (!/^\d+$/.test(name)) continue;
    const stat = readOrEmpty(`/proc/${name}/stat`);
    const parent = Number(stat.slice(stat.lastIndexOf(")") + 2).split(" ")[1]);
    children.set(parent, [...(children.get(parent) ?? []), Number(name)]);
  }
  const pids: number[] = [rootPid];
  for (const pid of pids) pids.push(...(children.get(pid) ?? [])); // grows while it is walked
  return pids;
}

function programOf(pid: number): string {
  try {
    return basename(readlinkSync(`/proc/${pid}/exe`));
  } catch {
    return ""; // it ended in this moment
  }
}

function readOrEmpty(path: string): string {
  try {
    return readFileSync(path, "utf8");
  } catch {
    return ""; // it ended in this moment
  }
}

function fieldBytes(rollup: string, name: string): number {
  const kilobytes = new RegExp(`^${name}:\\s+(\\d+) kB`, "m").exec(rollup)?.[1];
  return Number(kilobytes ?? 0) * 1_024;
}
