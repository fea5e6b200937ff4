import { createHash } from "node:crypto";
import {
  chmod,
  copyFile,
  constants,
  lchown,
  lstat,
  lutimes,
  mkdir,
  readlink,
  rm,
  symlink,
  writeFile,
} from "node:fs/promises";
import { join, posix } from "node:path";

import type { RootTree } from "./root-tree.ts";
import type { TreeEntry } from "./tree-entry.ts";

/** Who owns what a step writes, and with which bits. */
export interface Ownership {
  readonly uid: number;
  readonly gid: number;
  /** Permission bits for everything; the source's when undefined. */
  readonly mode?: number;
}

/** Bytes that come from the Dockerfile or an archive, not from a file. */
export interface InlineFile {
  readonly bytes: Uint8Array;
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
  #isOwnerKept = true;

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

  /** False once an owner could not be set, as when the engine does not run as root. */
  get isOwnerKept(): boolean {
    return this.#isOwnerKept;
  }

  /** Makes a directory and its parents; those that are there already keep owner and mode. */
  makeDirectory(path: string, mode = 0o755): Promise<void> {
    const made = this.#made.get(path) ?? this.#makeDirectory(path, mode);
    this.#made.set(path, made);
    return made;
  }

  async #makeDirectory(path: string, mode: number): Promise<void> {
    const entry = await this.#tree.lookup(path);
    if (entry !== undefined && entry.kind !== "directory") throw notADirectory(path);
    if (path !== "/") await this.#makeParent(path);
    const target = this.#at(path);
    const isNew = (await mkdir(target, { recursive: true })) !== undefined;
    if (!isNew) return;
    const { uid, gid } = entry ?? this.#ownership;
    await this.#own(target, uid, gid);
    await chmod(target, entry?.mode ?? this.#ownership.mode ?? mode);
  }

  /** Copies a file or symlink of this machine to a path whose parents are no symlinks. */
  async copyEntry(source: string, entry: TreeEntry, path: string): Promise<void> {
    await this.#makeRoom(path);
    const target = this.#at(path);
    if (entry.kind === "symlink") {
      await symlink(await readlink(source), target);
      return this.#own(target, this.#ownership.uid, this.#ownership.gid);
    }
    await copyFile(source, target, constants.COPYFILE_FICLONE);
    await this.#own(target, this.#ownership.uid, this.#ownership.gid);
    await chmod(target, this.#ownership.mode ?? entry.mode & ~0o6000);
    const { atimeMs, mtimeMs } = await lstat(source);
    await lutimes(target, atimeMs / 1000, mtimeMs / 1000);
  }

  /** Writes bytes to a path whose parents are no symlinks. */
  async writeInline(path: string, file: InlineFile): Promise<void> {
    await this.#makeRoom(path);
    const target = this.#at(path);
    await writeFile(target, file.bytes);
    await this.#own(target, this.#ownership.uid, this.#ownership.gid);
    await chmod(target, this.#ownership.mode ?? file.mode);
    const seconds = (file.mtimeMs ?? 0) / 1000;
    await lutimes(target, seconds, seconds);
  }

  /** Makes a symlink, whose target is only text. */
  async writeSymlink(path: string, target: string): Promise<void> {
    await this.#makeRoom(path);
    await symlink(target, this.#at(path));
    await this.#own(this.#at(path), this.#ownership.uid, this.#ownership.gid);
  }

  async #makeRoom(path: string): Promise<void> {
    const entry = await this.#tree.lookup(path);
    if (entry?.kind === "directory") {
      throw new Error(`${path} is a directory there; a file cannot replace it`);
    }
    await this.#makeParent(path);
    await rm(this.#at(path), { force: true });
  }

  async #makeParent(path: string): Promise<void> {
    await this.makeDirectory(posix.dirname(path));
  }

  async #own(target: string, uid: number, gid: number): Promise<void> {
    try {
      await lchown(target, uid, gid);
    } catch (error) {
      if (!isPermissionError(error)) throw error;
      this.#isOwnerKept = false; // without root every file is the engine's user's
    }
  }

  #at(path: string): string {
    return join(this.#directory, path);
  }
}

/** A short name that stands for a step and all it depends on. */
export function toLayerKey(parts: readonly unknown[]): string {
  return createHash("sha256").update(JSON.stringify(parts)).digest("hex").slice(0, 24);
}

function notADirectory(path: string): Error {
  return new Error(`${path} is no directory there`);
}

function isPermissionError(error: unknown): boolean {
  return (
    error instanceof Error && "code" in error && ["EPERM", "EINVAL"].includes(String(error.code))
  );
}
