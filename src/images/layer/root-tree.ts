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
    const relative = path.replace(/^\/+/, "");
    const hidden = new Set<string>();
    const names = new Set<string>();
    for (const layer of this.#layers.toReversed()) {
      const found = await lookInLayer(layer, relative);
      if (found === "hidden") return [...names].toSorted();
      if (found === undefined) continue;
      if (found.kind !== "directory" || found.source === undefined) break;
      for (const entry of await readdir(found.source, { withFileTypes: true })) {
        if (entry.isCharacterDevice()) hidden.add(entry.name);
        else if (!hidden.has(entry.name)) names.add(entry.name);
      }
      if (layer.opaque.includes(relative)) return [...names].toSorted();
    }
    const base = this.#base === "host" ? statHostBase(relative) : undefined;
    if (base?.kind === "directory" && base.source !== undefined) {
      for (const name of await readdir(base.source)) if (!hidden.has(name)) names.add(name);
    }
    return [...names].toSorted();
  }
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
