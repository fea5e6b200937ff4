import type { Stats } from "node:fs";
import { lstat, readdir, readlink } from "node:fs/promises";
import { join, posix } from "node:path";

import { statHostBase } from "./host-base.ts";
import { toEntry, type TreeEntry } from "./tree-entry.ts";

/** A layer as {@link RootTree} looks at it. */
export interface TreeLayer {
  readonly directory: string;
  /** Directories, without leading slash, that hide what lies under them. */
  readonly opaque: readonly string[];
}

const MAX_SYMLINKS = 40;

/** Looks through layers, lowest first, over a base, as the overlay that a process sees would. */
export class RootTree {
  readonly #layers: readonly TreeLayer[];
  readonly #base: "host" | "none";

  /**
   * @param layers lowest first
   * @param base what lies under them
   */
  constructor(layers: readonly TreeLayer[], base: "host" | "none") {
    this.#layers = layers;
    this.#base = base;
  }

  /** @returns what is at a path whose parents are no symlinks; undefined when nothing is */
  async lookup(path: string): Promise<TreeEntry | undefined> {
    const relative = path.replace(/^\/+/, "");
    for (const layer of this.#layers.toReversed()) {
      const found = await lookInLayer(layer, relative);
      if (found === "hidden") return undefined;
      if (found !== undefined) return found;
    }
    if (this.#base === "host") return statHostBase(relative);
    return relative === "" ? emptyRoot : undefined;
  }

  /**
   * Follows every symlink of a path, the last part's too. Links lead to places within the image
   * only, since `..` ends at its root.
   *
   * @returns the path without symlinks; parts that do not exist are kept as they are
   */
  async resolve(path: string): Promise<string> {
    let pending = path.split("/").filter((part) => part !== "");
    let resolved = "/";
    let symlinks = 0;
    while (pending.length > 0) {
      const [part = "", ...rest] = pending;
      pending = rest;
      if (part === ".") continue;
      const next = posix.join(resolved, part); // ".." at the root stays there
      const entry = part === ".." ? undefined : await this.lookup(next);
      if (entry?.kind !== "symlink" || entry.source === undefined) {
        resolved = next;
        continue;
      }
      symlinks += 1;
      if (symlinks > MAX_SYMLINKS) throw new Error(`too many symlinks at ${path}`);
      const target = await readlink(entry.source);
      if (target.startsWith("/")) resolved = "/";
      pending = [...target.split("/").filter((piece) => piece !== ""), ...pending];
    }
    return resolved;
  }

  /** @returns the names in a directory, sorted */
  async list(path: string): Promise<readonly string[]> {
    const isShown = new Map<string, boolean>();
    for (const directory of await this.#directoriesOf(path.replace(/^\/+/, ""))) {
      for (const entry of await readdir(directory, { withFileTypes: true })) {
        if (!isShown.has(entry.name)) isShown.set(entry.name, !entry.isCharacterDevice());
      }
    }
    return [...isShown.keys()].filter((name) => isShown.get(name)).toSorted();
  }

  /** The directories that are merged at a path, highest first. */
  async #directoriesOf(relative: string): Promise<readonly string[]> {
    const directories: string[] = [];
    for (const layer of this.#layers.toReversed()) {
      const found = await lookInLayer(layer, relative);
      if (found === undefined) continue;
      if (found === "hidden" || found.kind !== "directory") return directories;
      directories.push(join(layer.directory, relative));
      if (layer.opaque.some((path) => isAtOrBelow(relative, path))) return directories;
    }
    return [...directories, ...this.#baseDirectory(relative)];
  }

  /** One that only the sandbox makes is empty here. */
  #baseDirectory(relative: string): readonly string[] {
    const entry = this.#base === "host" ? statHostBase(relative) : undefined;
    return entry?.kind === "directory" && entry.source !== undefined ? [entry.source] : [];
  }
}

function isAtOrBelow(path: string, directory: string): boolean {
  return directory === "" || path === directory || path.startsWith(`${directory}/`);
}

const emptyRoot: TreeEntry = {
  kind: "directory",
  source: undefined,
  mode: 0o755,
  uid: 0,
  gid: 0,
};

/** @returns "hidden" when this layer says that nothing below it is seen */
async function lookInLayer(
  layer: TreeLayer,
  relative: string,
): Promise<TreeEntry | "hidden" | undefined> {
  const parts = relative.split("/").filter((part) => part !== "");
  let isOpaque = layer.opaque.includes("");
  let at = "";
  let entry: TreeEntry | undefined = emptyRoot;
  for (const part of ["", ...parts]) {
    at = at === "" ? part : `${at}/${part}`;
    if (entry?.kind !== "directory") return "hidden"; // a file here replaces a directory below
    const stats = await lstat(join(layer.directory, at)).catch(() => undefined);
    if (stats === undefined) return isOpaque ? "hidden" : undefined;
    if (isWhiteout(stats)) return "hidden";
    entry = toEntry(stats, join(layer.directory, at));
    isOpaque ||= layer.opaque.includes(at);
  }
  return entry;
}

function isWhiteout(stats: Stats): boolean {
  return stats.isCharacterDevice() && stats.rdev === 0;
}
