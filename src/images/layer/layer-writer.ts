import { createHash } from "node:crypto";
import {
  chmodSync,
  constants,
  copyFileSync,
  createWriteStream,
  lchownSync,
  linkSync,
  lstatSync,
  lutimesSync,
  mkdirSync,
  readlinkSync,
  rmSync,
  symlinkSync,
} from "node:fs";
import { copyFile } from "node:fs/promises";
import { join, posix } from "node:path";
import { Readable } from "node:stream";
import { pipeline } from "node:stream/promises";
import { setImmediate } from "node:timers/promises";

import { canOwn, type LayerOwners, type Owner } from "./layer-owners.ts";
import type { RootTree } from "./root-tree.ts";
import { isSameFile, toIdentity, type TreeEntry } from "./tree-entry.ts";

/** Below this, Node's thread pool costs more than the copying. */
const SMALL_BYTES = 256 * 1024;

/** Who owns what a step writes, and with which bits. */
export interface Ownership extends Owner {
  /** Permission bits for everything; the source's when undefined. */
  readonly mode?: number;
}

/** Bytes that come from the Dockerfile or an archive, not from a file. */
export interface InlineFile {
  readonly content: Uint8Array | AsyncIterable<unknown>;
  readonly mode: number;
  readonly mtimeMs?: number;
}

/** Writes files of an image into a layer's directory. */
export class LayerWriter {
  readonly #directory: string;
  readonly #tree: RootTree;
  readonly #ownership: Ownership;
  /** Directories that are in the layer, and so need not be looked for again. */
  readonly #made = new Map<string, Promise<void>>();
  readonly #owners: Record<string, Owner> = {};

  /**
   * @param directory the layer's
   * @param tree the layers below and this one: what a process would see
   * @param ownership of all that is written
   */
  constructor(directory: string, tree: RootTree, ownership: Ownership) {
    this.#directory = directory;
    this.#tree = tree;
    this.#ownership = ownership;
  }

  /** Owners that could not be set, as when this process is not root's. */
  get owners(): LayerOwners {
    return this.#owners;
  }

  /**
   * Makes a directory and its parents; those that are there already keep owner and mode.
   *
   * @param mode of one that is copied (default: 0755, whatever the copied files get)
   */
  makeDirectory(path: string, mode?: number): Promise<void> {
    const made = this.#made.get(path) ?? this.#makeDirectory(path, mode);
    this.#made.set(path, made);
    return made;
  }

  async #makeDirectory(path: string, mode: number | undefined): Promise<void> {
    const entry = await this.#tree.lookup(path);
    if (entry !== undefined && entry.kind !== "directory") throw notADirectory(path);
    if (path !== "/") await this.#makeParent(path);
    const target = this.#at(path);
    const isNew = mkdirSync(target, { recursive: true }) !== undefined;
    if (!isNew) return;
    const made = { ...this.#ownership, mode: this.#modeOf(mode) };
    const { uid, gid, mode: bits } = entry ?? made;
    this.#own(path, { uid, gid });
    chmodSync(target, bits);
  }

  /**
   * Copies a file or symlink of this machine to a path whose parents are no symlinks.
   *
   * @param twin a file of another layer that is just what the copy would be, to link to
   * @throws {Error} when the file is no longer the one that the entry tells of
   */
  async copyEntry(entry: TreeEntry, path: string, twin?: string): Promise<void> {
    const { source } = entry;
    if (source === undefined) return;
    await this.#makeRoom(path);
    const target = this.#at(path);
    if (entry.kind === "symlink") {
      symlinkSync(readlinkSync(source), target);
      return this.#own(path, this.#ownership);
    }
    if (twin !== undefined && tryLink(twin, target)) return this.#own(path, this.#ownership);
    await copyContent(source, entry, target);
    const stats = lstatSync(source);
    if (entry.identity !== undefined && !isSameFile(entry.identity, toIdentity(stats))) {
      throw new Error(
        `${source} changed while it was copied; build again when nothing writes to it`,
      );
    }
    this.#finish(path, entry.mode, stats.mtimeMs);
  }

  /** Writes content to a path whose parents are no symlinks. */
  async writeInline(path: string, file: InlineFile): Promise<void> {
    await this.#makeRoom(path);
    const target = this.#at(path);
    const { content } = file;
    // An own file: what is there may be linked to from elsewhere.
    await pipeline(
      content instanceof Uint8Array ? Readable.from([content]) : content,
      createWriteStream(target, { flags: "wx" }),
    );
    this.#finish(path, file.mode, file.mtimeMs ?? 0);
  }

  /** Makes a symlink, whose target is only text. */
  async writeSymlink(path: string, target: string): Promise<void> {
    await this.#makeRoom(path);
    symlinkSync(target, this.#at(path));
    this.#own(path, this.#ownership);
  }

  async #makeRoom(path: string): Promise<void> {
    const entry = await this.#tree.lookup(path);
    if (entry?.kind === "directory") {
      throw new Error(`${path} is a directory there; a file cannot replace it`);
    }
    await this.#makeParent(path);
    if (entry !== undefined) rmSync(this.#at(path), { force: true });
  }

  async #makeParent(path: string): Promise<void> {
    await this.makeDirectory(posix.dirname(path));
  }

  #modeOf(copied: number | undefined): number {
    return copied === undefined ? 0o755 : (this.#ownership.mode ?? copied);
  }

  #finish(path: string, mode: number, mtimeMs: number): void {
    const target = this.#at(path);
    this.#own(path, this.#ownership);
    chmodSync(target, this.#ownership.mode ?? mode);
    lutimesSync(target, mtimeMs / 1000, mtimeMs / 1000);
  }

  #own(path: string, { uid, gid }: Owner): void {
    if (canOwn() && tryOwn(this.#at(path), { uid, gid })) return;
    if (uid !== 0 || gid !== 0) this.#owners[path.slice(1)] = { uid, gid };
    else delete this.#owners[path.slice(1)]; // of what was at this path before
  }

  #at(path: string): string {
    return join(this.#directory, path);
  }
}

function tryLink(twin: string, target: string): boolean {
  try {
    linkSync(twin, target);
    return true;
  } catch {
    return false; // collected meanwhile, or linked to too often: copied then
  }
}

async function copyContent(source: string, entry: TreeEntry, target: string): Promise<void> {
  const isSmall = entry.identity !== undefined && entry.identity.sizeBytes <= SMALL_BYTES;
  if (!isSmall) return copyFile(source, target, constants.COPYFILE_FICLONE);
  await setImmediate(); // other work of this process goes on between two files
  copyFileSync(source, target, constants.COPYFILE_FICLONE);
}

/** A short name that stands for a step and all it depends on. */
export function toLayerKey(parts: readonly unknown[]): string {
  return createHash("sha256").update(JSON.stringify(parts)).digest("hex").slice(0, 24);
}

function notADirectory(path: string): Error {
  return new Error(`${path} is no directory there`);
}

/** Root of a user namespace has some owners only. */
function tryOwn(target: string, { uid, gid }: Owner): boolean {
  try {
    lchownSync(target, uid, gid);
    return true;
  } catch (error) {
    if (!isPermissionError(error)) throw error;
    return false;
  }
}

function isPermissionError(error: unknown): boolean {
  return (
    error instanceof Error && "code" in error && ["EPERM", "EINVAL"].includes(String(error.code))
  );
}
