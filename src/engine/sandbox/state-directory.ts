import { randomBytes } from "node:crypto";
import {
  existsSync,
  lstatSync,
  mkdirSync,
  readFileSync,
  readdirSync,
  writeFileSync,
} from "node:fs";
import { join } from "node:path";

import { startTimeOf } from "./find-process.ts";

/** Who made a state directory; a pid alone may have been given to another process. */
export interface StateOwner {
  readonly pid: number;
  readonly startTime: string;
  readonly bootId: string;
}

const prefix = "sandbox-";
const ownerFile = "owner.json";
const processFile = "process.json";

/** One engine's own directory: everything it makes lies here or is named after it. */
export interface StateDirectory {
  /** Eight hex digits; part of the name of every cgroup, link and table. */
  readonly id: string;
  readonly path: string;
}

/** Makes a state directory that says who owns it. */
export function makeStateDirectory(parent: string): StateDirectory {
  const id = randomBytes(4).toString("hex");
  const path = join(parent, `${prefix}${id}`);
  mkdirSync(path, { recursive: true, mode: 0o700 });
  writeFileSync(join(path, ownerFile), JSON.stringify(currentOwner()));
  return { id, path };
}

/** Notes a process that must end with the engine. */
export function recordProcess(directory: string, pid: number): void {
  const record = { pid, startTime: startTimeOf(pid) ?? "", bootId: bootId() };
  writeFileSync(join(directory, processFile), JSON.stringify(record));
}

/** The pid of a recorded process that still runs. */
export function findRecorded(directory: string): number | undefined {
  const record = readOwner(join(directory, processFile));
  return record !== undefined && isRunning(record) ? record.pid : undefined;
}

/** Lists the state directories in a directory and in its children whose owner is gone. */
export function findAbandoned(root: string): readonly StateDirectory[] {
  return [root, ...subdirectories(root).map((name) => join(root, name))]
    .flatMap((parent) =>
      subdirectories(parent)
        .filter((name) => name.startsWith(prefix))
        .map((name) => ({ id: name.slice(prefix.length), path: join(parent, name) })),
    )
    .filter(({ path }) => isOurs(path) && existsSync(join(path, ownerFile)) && !isOwned(path));
}

/** Another user could plant a directory in /tmp and have root remove what it names. */
function isOurs(path: string): boolean {
  return lstatSync(path, { throwIfNoEntry: false })?.uid === process.getuid?.();
}

function currentOwner(): StateOwner {
  return { pid: process.pid, startTime: startTimeOf(process.pid) ?? "", bootId: bootId() };
}

function isOwned(path: string): boolean {
  const owner = readOwner(join(path, ownerFile));
  return owner !== undefined && isRunning(owner);
}

function isRunning({ pid, startTime, bootId: boot }: StateOwner): boolean {
  return boot === bootId() && startTimeOf(pid) === startTime;
}

function readOwner(file: string): StateOwner | undefined {
  try {
    const value: unknown = JSON.parse(readFileSync(file, "utf8"));
    if (typeof value !== "object" || value === null) return undefined;
    const { pid, startTime, bootId: boot } = { pid: 0, startTime: "", bootId: "", ...value };
    return { pid: Number(pid), startTime: String(startTime), bootId: String(boot) };
  } catch {
    return undefined; // Half written by an engine that was killed: nobody owns it.
  }
}

function subdirectories(path: string): readonly string[] {
  try {
    return readdirSync(path, { withFileTypes: true })
      .filter((entry) => entry.isDirectory())
      .map(({ name }) => name);
  } catch {
    return []; // Gone, or another user's.
  }
}

function bootId(): string {
  return readFileSync("/proc/sys/kernel/random/boot_id", "latin1").trim();
}
