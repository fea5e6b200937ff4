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
  /** Known to be real directories, which they stay: nothing in a layer is replaced by a link. */
  readonly #directories = new Set<string>();

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
      const found = await this.#lookInLayer(layer, relative);
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

  /** @returns "hidden" when this layer says that nothing below it is seen */
  async #lookInLayer(
    layer: TreeLayer,
    relative: string,
  ): Promise<TreeEntry | "hidden" | undefined> {
    const parent = relative.includes("/") ? posix.dirname(relative) : "";
    // Only below a real directory: a link of this layer would lead out, to files of this machine.
    if (relative !== "" && !this.#directories.has(join(layer.directory, parent))) {
      const above = await this.#lookInLayer(layer, parent);
      if (typeof above !== "object") return above;
      if (above.kind !== "directory") return "hidden"; // it replaces a directory of lower layers
    }
    const source = join(layer.directory, relative);
    const stats = await statOf(source);
    if (stats === undefined) return isOpaqueAt(layer, relative) ? "hidden" : undefined;
    if (stats.isDirectory()) this.#directories.add(source);
    return isWhiteout(stats) ? "hidden" : toEntry(stats, source);
  }

  /** The directories that are merged at a path, highest first. */
  async #directoriesOf(relative: string): Promise<readonly string[]> {
    const directories: string[] = [];
    for (const layer of this.#layers.toReversed()) {
      const found = await this.#lookInLayer(layer, relative);
      if (found === undefined) continue;
      if (found === "hidden" || found.kind !== "directory") return directories;
      directories.push(join(layer.directory, relative));
      if (isOpaqueAt(layer, relative)) return directories;
    }
    return [...directories, ...this.#baseDirectory(relative)];
  }

  /** One that only the sandbox makes is empty here. */
  #baseDirectory(relative: string): readonly string[] {
    const entry = this.#base === "host" ? statHostBase(relative) : undefined;
    return entry?.kind === "directory" && entry.source !== undefined ? [entry.source] : [];
  }
}

function isOpaqueAt(layer: TreeLayer, relative: string): boolean {
  return layer.opaque.some(
    (path) => path === "" || relative === path || relative.startsWith(`${path}/`),
  );
}

const emptyRoot: TreeEntry = {
  kind: "directory",
  source: undefined,
  mode: 0o755,
  uid: 0,
  gid: 0,
};

async function statOf(path: string): Promise<Stats | undefined> {
  return lstat(path).catch(() => undefined); // missing, or below a file
}

function isWhiteout(stats: Stats): boolean {
  return stats.isCharacterDevice() && stats.rdev === 0;
}
