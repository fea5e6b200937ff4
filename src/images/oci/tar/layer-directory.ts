import {
  chmodSync,
  closeSync,
  constants,
  fchmodSync,
  fchownSync,
  futimesSync,
  lchownSync,
  linkSync,
  lstatSync,
  lutimesSync,
  mkdirSync,
  openSync,
  rmSync,
  symlinkSync,
  writeSync,
} from "node:fs";

import { ImageError } from "../../image-error.ts";
import { makeSpecialNodes, type Fifo, type SpecialNodes } from "./make-special-nodes.ts";
import type { TarEntry } from "./tar-entry.ts";

const { O_WRONLY, O_CREAT, O_EXCL, O_NOFOLLOW } = constants;
/** Without root, a directory that shuts its owner out could not be read or removed again. */
const isRoot = process.getuid?.() === 0;
/** Directories that are remembered; beyond that they are looked at again. */
const MAX_KNOWN = 100_000;

/** Who owns and how old a directory is, to be said once all is in it. */
type DirectoryFacts = Pick<TarEntry, "mode" | "mtimeSeconds">;

/**
 * Writes the entries of a layer into a fresh directory that nobody else writes to. Each parent of
 * a path is looked at and has to be a directory, so nothing is written through a link. The calls
 * wait: for small files that is several times faster than promises, and a chunk holds few.
 */
export class LayerDirectory {
  readonly #root: string;
  /** Are directories, not links, until something is removed. */
  readonly #known = new Set<string>([""]);
  readonly #directories = new Map<string, DirectoryFacts>();
  readonly #whiteouts = new Set<string>();
  readonly #opaque = new Set<string>();
  readonly #fifos = new Map<string, Fifo>();
  #canOwn = true;

  /** @param root an empty directory */
  constructor(root: string) {
    this.#root = root;
  }

  /** Makes a directory, or gives one that is there its owner and mode. */
  makeDirectory(path: string, entry: TarEntry): void {
    if (path !== "") this.#makeParents(path);
    if (!this.#known.has(path)) {
      if (this.#kindAt(path) !== "directory") {
        this.#makeRoom(path);
        mkdirSync(this.#at(path));
      }
      this.#remember(path);
    }
    this.#own(entry, (uid, gid) => lchownSync(this.#at(path), uid, gid));
    this.#directories.set(path, { mode: entry.mode, mtimeSeconds: entry.mtimeSeconds });
  }

  /** Begins a file; its content goes to the file that is returned, which has to be ended. */
  beginFile(path: string, entry: TarEntry): OpenFile {
    this.#makeParents(path);
    const fd = this.#create(path);
    return {
      write: (bytes) => writeWhole(fd, bytes),
      end: () => {
        try {
          this.#own(entry, (uid, gid) => fchownSync(fd, uid, gid));
          fchmodSync(fd, entry.mode);
          futimesSync(fd, entry.mtimeSeconds, entry.mtimeSeconds);
        } finally {
          closeSync(fd);
        }
      },
      abandon: () => closeSync(fd),
    };
  }

  makeSymlink(path: string, entry: TarEntry): void {
    this.#makeParents(path);
    this.#makeRoom(path);
    symlinkSync(entry.linkName, this.#at(path));
    this.#own(entry, (uid, gid) => lchownSync(this.#at(path), uid, gid));
    lutimesSync(this.#at(path), entry.mtimeSeconds, entry.mtimeSeconds);
  }

  /** @throws {ImageError} ARCHIVE_UNSAFE when the target is no file that is there already */
  makeLink(path: string, target: string): void {
    const kind = this.#isBelowDirectories(target) ? this.#kindAt(target) : undefined;
    if (kind !== "other") {
      const what = kind === "directory" ? "a directory" : "no file that this layer holds";
      throw unsafe(path, `a hard link to ${JSON.stringify(target)}, which is ${what}`);
    }
    this.#makeParents(path);
    if (path === target) return;
    this.#makeRoom(path);
    linkSync(this.#at(target), this.#at(path));
  }

  makeFifo(path: string, entry: TarEntry): void {
    this.#makeParents(path);
    this.#makeRoom(path);
    this.#fifos.set(path, entry);
  }

  /** Says that a path of lower layers is deleted. */
  addWhiteout(path: string): void {
    this.#makeParents(path);
    this.#whiteouts.add(path);
  }

  /** Says that a directory hides what lower layers have in it. */
  addOpaque(path: string): void {
    this.#makeParents(`${path}/.`);
    this.#opaque.add(path);
  }

  /**
   * Makes what only a tool can make, and sets modes and times of directories.
   *
   * @returns the opaque directories
   */
  async finish(): Promise<readonly string[]> {
    await makeSpecialNodes(this.#root, this.#specialNodes());
    for (const [path, { mode, mtimeSeconds }] of this.#directories) {
      if (this.#finalKind(path) !== "directory") continue;
      lutimesSync(this.#at(path), mtimeSeconds, mtimeSeconds);
      chmodSync(this.#at(path), isRoot ? mode : mode | 0o700);
    }
    return this.#listOpaque();
  }

  /** What was asked for and is not overtaken by a later entry. */
  #specialNodes(): SpecialNodes {
    for (const path of this.#whiteouts) {
      const kind = this.#finalKind(path);
      if (kind === undefined) continue;
      this.#whiteouts.delete(path); // a file here hides the lower one anyway
      if (kind === "directory") this.#opaque.add(path);
    }
    for (const path of this.#fifos.keys()) {
      if (this.#finalKind(path) !== undefined) this.#fifos.delete(path);
    }
    const opaque = this.#listOpaque();
    return { whiteouts: [...this.#whiteouts], fifos: this.#fifos, opaque };
  }

  #listOpaque(): readonly string[] {
    return [...this.#opaque].filter((path) => this.#finalKind(path) === "directory").toSorted();
  }

  /** A directory above may have been replaced by a link since: what was below it is gone. */
  #finalKind(path: string): "directory" | "other" | "gone" | undefined {
    return this.#isBelowDirectories(path) ? this.#kindAt(path) : "gone";
  }

  #create(path: string): number {
    const flags = O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW;
    try {
      return openSync(this.#at(path), flags, 0o600);
    } catch (error) {
      if (!(error instanceof Error && "code" in error && error.code === "EEXIST")) throw error;
    }
    this.#makeRoom(path); // an entry that comes again replaces the first
    return openSync(this.#at(path), flags, 0o600);
  }

  /** Makes the directories above a path; those that no entry names are root's and open to all. */
  #makeParents(path: string): void {
    const end = path.lastIndexOf("/");
    if (end === -1 || this.#known.has(path.slice(0, end))) return;
    for (let slash = path.indexOf("/"); slash !== -1; slash = path.indexOf("/", slash + 1)) {
      const parent = path.slice(0, slash);
      if (this.#known.has(parent)) continue;
      const kind = this.#kindAt(parent);
      if (kind === "other") {
        throw unsafe(path, `it lies below ${JSON.stringify(parent)}, which is no directory`);
      }
      if (kind === undefined) {
        mkdirSync(this.#at(parent));
        this.#directories.set(parent, { mode: 0o755, mtimeSeconds: 0 });
      }
      this.#remember(parent);
    }
  }

  #isBelowDirectories(path: string): boolean {
    for (let slash = path.indexOf("/"); slash !== -1; slash = path.indexOf("/", slash + 1)) {
      const parent = path.slice(0, slash);
      if (this.#known.has(parent)) continue;
      if (this.#kindAt(parent) !== "directory") return false;
      this.#remember(parent);
    }
    return true;
  }

  #makeRoom(path: string): void {
    if (this.#kindAt(path) === undefined) return;
    rmSync(this.#at(path), { recursive: true, force: true });
    this.#known.clear();
    this.#known.add("");
  }

  #remember(path: string): void {
    if (this.#known.size > MAX_KNOWN) this.#known.clear();
    this.#known.add("").add(path);
  }

  /** Without root, or for an id that a user namespace has not, files stay this user's. */
  #own(entry: TarEntry, own: (uid: number, gid: number) => void): void {
    if (!this.#canOwn) return;
    try {
      own(entry.uid, entry.gid);
    } catch (error) {
      const code = error instanceof Error && "code" in error ? error.code : undefined;
      if (code !== "EPERM" && code !== "EINVAL") throw error;
      this.#canOwn = code === "EINVAL";
    }
  }

  #kindAt(path: string): "directory" | "other" | undefined {
    const stats = lstatSync(this.#at(path), { throwIfNoEntry: false });
    if (stats === undefined) return undefined;
    return stats.isDirectory() ? "directory" : "other";
  }

  #at(path: string): string {
    return `${this.#root}/${path}`;
  }
}

/** A file that is being written. */
export interface OpenFile {
  write(bytes: Buffer): void;
  /** Gives it its owner, mode and time. */
  end(): void;
  /** Leaves it as it is. */
  abandon(): void;
}

/** Makes the error for an entry that is not taken. */
export function unsafe(name: string, reason: string): ImageError {
  const text = `Cannot unpack ${JSON.stringify(name)}: ${reason}`;
  return new ImageError("ARCHIVE_UNSAFE", `${text}; nothing outside of the layer may be reached`);
}

/** One call may write a part, as when the disk fills up; the next then says so. */
function writeWhole(fd: number, bytes: Buffer): void {
  let doneBytes = 0;
  while (doneBytes < bytes.length) doneBytes += writeSync(fd, bytes, doneBytes);
}
