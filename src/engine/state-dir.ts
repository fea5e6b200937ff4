import { lstat, mkdir, mkdtemp, readdir, readFile, writeFile } from "node:fs/promises";
import { tmpdir, userInfo } from "node:os";
import { basename, dirname, join, resolve } from "node:path";

import { deleteTree } from "./discarder.ts";
import { EngineError } from "./engine-error.ts";
import { startTimeOf } from "./sandbox/find-process.ts";

const OWNER_FILE = "owner.json";
const PRIVATE_MODE = 0o700;
/** All that an engine makes in a given directory, but for the images, which are kept. */
const PARTS = ["docker.sock", "docker", "containers", "volumes"];

/** The directory that holds all an engine has on disk. */
export interface StateDir {
  /** Its absolute path. */
  readonly path: string;
  /**
   * Deletes what engines left that were killed, here and beside. What such an engine held besides
   * files the sandbox must have given back before: it finds its records in them.
   */
  deleteLeftovers(): Promise<void>;
  /** Deletes what the engine made in it; all of it when the engine chose the place. */
  dispose(): Promise<void>;
}

/**
 * Makes the engine's directory, for its user alone, with a record of the owning process by which a
 * later engine can tell whether what it finds there is left over.
 *
 * @param path undefined makes a fresh one below the user's own directory in the system's temporary
 *   one; a given one is kept when the engine ends, with its images
 * @throws {EngineError} STATE_DIR_UNUSABLE when it can't be made or another engine runs in it
 */
export async function openStateDir(path: string | undefined): Promise<StateDir> {
  const directory = path === undefined ? await makeOwnDir() : await takeGivenDir(resolve(path));
  const owner = { pid: process.pid, startTime: startTimeOf(process.pid) };
  await writeFile(join(directory, OWNER_FILE), JSON.stringify(owner), { mode: 0o600 });
  return path === undefined
    ? {
        path: directory,
        deleteLeftovers: () => deleteAbandonedDirs(dirname(directory)),
        dispose: () => deleteTree(directory),
      }
    : {
        path: directory,
        deleteLeftovers: () => deleteParts(directory),
        dispose: async () => {
          await deleteParts(directory);
          await deleteTree(join(directory, OWNER_FILE));
        },
      };
}

async function deleteParts(directory: string): Promise<void> {
  await Promise.all(PARTS.map((name) => deleteTree(join(directory, name))));
}

async function deleteAbandonedDirs(root: string): Promise<void> {
  if (!/^berth-\d+$/.test(basename(root)) || !(await isPrivate(root))) return;
  for (const name of await readdir(root)) {
    const directory = join(root, name);
    const owner = await readOwner(directory);
    if (owner !== undefined && startTimeOf(owner.pid) !== owner.startTime) {
      await deleteTree(directory);
    }
  }
}

async function makeOwnDir(): Promise<string> {
  const root = join(tmpdir(), `berth-${userInfo().uid}`);
  try {
    await mkdir(root, { recursive: true, mode: PRIVATE_MODE });
    const isOurs = await isPrivate(root);
    return await mkdtemp(isOurs ? join(root, "engine-") : join(tmpdir(), "berth-"));
  } catch (cause) {
    throw unusable(root, "it can't be made", { cause });
  }
}

async function takeGivenDir(path: string): Promise<string> {
  try {
    await mkdir(path, { recursive: true, mode: PRIVATE_MODE });
  } catch (cause) {
    throw unusable(path, "it can't be made", { cause });
  }
  const owner = await readOwner(path);
  if (owner !== undefined && startTimeOf(owner.pid) === owner.startTime) {
    throw unusable(path, `the engine of process ${owner.pid} runs in it`);
  }
  return path;
}

async function readOwner(
  path: string,
): Promise<{ readonly pid: number; readonly startTime: string } | undefined> {
  const text = await readFile(join(path, OWNER_FILE), "utf8").catch(() => ""); // a fresh one
  const owner = parseOwner(text);
  if (typeof owner !== "object" || owner === null) return undefined;
  if (!("pid" in owner && "startTime" in owner)) return undefined;
  const { pid, startTime } = owner;
  return typeof pid === "number" && typeof startTime === "string" ? { pid, startTime } : undefined;
}

function parseOwner(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined; // cut short by a crash: nobody's
  }
}

/** A directory that another user made first is theirs to change under our feet. */
async function isPrivate(path: string): Promise<boolean> {
  const stats = await lstat(path);
  return stats.isDirectory() && stats.uid === userInfo().uid && (stats.mode & 0o077) === 0;
}

function unusable(path: string, reason: string, options?: ErrorOptions): EngineError {
  const text = `Cannot use state directory ${path}: ${reason}; give another stateDir`;
  return new EngineError("STATE_DIR_UNUSABLE", text, options);
}
