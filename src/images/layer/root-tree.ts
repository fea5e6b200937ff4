import { lstatSync, readdirSync, readlinkSync, type Stats } from "node:fs";
import { join, posix } from "node:path";

import { statHostBase } from "./host-base.ts";
import { canOwn, type LayerOwners, type Owner } from "./layer-owners.ts";
import { toEntry, type TreeEntry } from "./tree-entry.ts";

/** A layer as {@link RootTree} looks at it. */
export interface TreeLayer {
  readonly directory: string;
  /** Directories, without leading slash, that hide what lies under them. */
  readonly opaque: readonly string[];
  readonly owners?: LayerOwners;
  /** Whether files are still being put into it, so that what is missing may come. */
  readonly isGrowing?: boolean;
}

const MAX_SYMLINKS = 40;
/** Whom files without another owner belong to where every file is this user's. */
const imageRoot: Owner = { uid: 0, gid: 0 };

/**
 * Looks through layers, lowest first, over a base, as the overlay that a process sees would. Without
 * Node's thread pool: a look takes the kernel a tenth of what the pool takes.
 */
export class RootTree {
  readonly #layers: readonly TreeLayer[];
  readonly #base: "host" | "none";
  /** Known to be real directories, which they stay: nothing in a layer is replaced by a link. */
  readonly #directories = new Set<string>();
  /** Directories that a layer does not have, and what that means for all below them. */
  readonly #absent = new Map<string, "hidden" | undefined>();

  /**
   * @param layers lowest first
   * @param base what lies under them
   */
  constructor(layers: readonly TreeLayer[], base: "host" | "none") {
    this.#layers = layers;
    this.#base = base;
  }

  /** What lies under the layers. */
  get base(): "host" | "none" {
    return this.#base;
  }

  /** @returns what is at a path whose parents are no symlinks; undefined when nothing is */
  lookup(path: string): Promise<TreeEntry | undefined> {
    return new Promise((resolve) => resolve(this.#look(path)));
  }

  #look(path: string): TreeEntry | undefined {
    const relative = path.replace(/^\/+/, "");
    for (let index = this.#layers.length - 1; index >= 0; index -= 1) {
      const layer = this.#layers[index];
      if (layer === undefined) continue;
      const found = this.#lookInLayer(layer, relative);
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
  resolve(path: string): Promise<string> {
    return new Promise((resolve) => resolve(this.#resolve(path)));
  }

  #resolve(path: string): string {
    let pending = path.split("/").filter((part) => part !== "");
    let resolved = "/";
    let symlinks = 0;
    while (pending.length > 0) {
      const [part = "", ...rest] = pending;
      pending = rest;
      if (part === ".") continue;
      const next = posix.join(resolved, part); // ".." at the root stays there
      const entry = part === ".." ? undefined : this.#look(next);
      if (entry?.kind !== "symlink" || entry.source === undefined) {
        resolved = next;
        continue;
      }
      symlinks += 1;
      if (symlinks > MAX_SYMLINKS) throw new Error(`too many symlinks at ${path}`);
      const target = readlinkSync(entry.source);
      if (target.startsWith("/")) resolved = "/";
      pending = [...target.split("/").filter((piece) => piece !== ""), ...pending];
    }
    return resolved;
  }

  /** @returns the names in a directory, sorted */
  list(path: string): Promise<readonly string[]> {
    return new Promise((resolve) => resolve(this.#list(path)));
  }

  #list(path: string): readonly string[] {
    const isShown = new Map<string, boolean>();
    for (const directory of this.#directoriesOf(path.replace(/^\/+/, ""))) {
      for (const entry of readdirSync(directory, { withFileTypes: true })) {
        if (!isShown.has(entry.name)) isShown.set(entry.name, !entry.isCharacterDevice());
      }
    }
    return [...isShown.keys()].filter((name) => isShown.get(name)).toSorted();
  }

  /** @returns "hidden" when this layer says that nothing below it is seen */
  #lookInLayer(layer: TreeLayer, relative: string): TreeEntry | "hidden" | undefined {
    const parent = relative.includes("/") ? posix.dirname(relative) : "";
    // Only below a real directory: a link of this layer would lead out, to files of this machine.
    if (relative !== "" && !this.#directories.has(join(layer.directory, parent))) {
      const meaning = this.#lookAbove(layer, parent);
      if (meaning !== "open") return meaning;
    }
    const source = join(layer.directory, relative);
    const stats = lstatSync(source, { throwIfNoEntry: false });
    if (stats === undefined) return isOpaqueAt(layer, relative) ? "hidden" : undefined;
    if (stats.isDirectory()) this.#directories.add(source);
    if (isWhiteout(stats)) return "hidden";
    const entry = toEntry(stats, source);
    return canOwn() ? entry : { ...entry, ...(layer.owners?.[relative] ?? imageRoot) };
  }

  /** @returns "open" for a directory; else what that means for all below it */
  #lookAbove(layer: TreeLayer, parent: string): "open" | "hidden" | undefined {
    const place = join(layer.directory, parent);
    if (this.#absent.has(place)) return this.#absent.get(place);
    const above = this.#lookInLayer(layer, parent);
    if (typeof above === "object" && above.kind === "directory") return "open";
    // A file or link there replaces a directory of lower layers.
    const meaning = typeof above === "object" ? "hidden" : above;
    if (layer.isGrowing !== true) this.#absent.set(place, meaning);
    return meaning;
  }

  /** The directories that are merged at a path, highest first. */
  #directoriesOf(relative: string): readonly string[] {
    const directories: string[] = [];
    for (const layer of this.#layers.toReversed()) {
      const found = this.#lookInLayer(layer, relative);
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

function isWhiteout(stats: Stats): boolean {
  return stats.isCharacterDevice() && stats.rdev === 0;
}
