import { readlinkSync } from "node:fs";
import { posix } from "node:path";

import type { TreeEntry } from "../layer/tree-entry.ts";
import type { FileDigests } from "./file-digests.ts";
import type { FileTree } from "./file-tree.ts";

/** One file, symlink or directory to copy. */
export interface SourceEntry {
  /** Below the copied path; "" for itself. */
  readonly relative: string;
  readonly entry: TreeEntry;
  /** Stands for the contents: a hash, a link's target, "" for a directory. */
  readonly digest: string;
}

/** What {@link walkSource} needs. */
export interface WalkOptions {
  readonly tree: FileTree;
  readonly digests: FileDigests;
  /** Decides by a path from the tree's root, without leading slash, what is left out. */
  readonly isIgnored: (path: string) => boolean;
  /** Decides by a path below the copied one what is left out (default: nothing). */
  readonly isExcluded?: (relative: string) => boolean;
}

/**
 * Lists a path and all below it, parents first, each with a digest of its contents. Sockets,
 * pipes and devices are left out.
 */
export async function walkSource(
  path: string,
  options: WalkOptions,
): Promise<readonly SourceEntry[]> {
  const entry = await options.tree.lookup(path);
  if (entry === undefined) return [];
  const entries: SourceEntry[] = [];
  await walk({ ...options, root: path, entries }, "", entry);
  return entries;
}

interface Walk extends WalkOptions {
  readonly root: string;
  readonly entries: SourceEntry[];
}

async function walk(state: Walk, relative: string, entry: TreeEntry): Promise<void> {
  const isExcluded = relative !== "" && state.isExcluded?.(relative) === true;
  if (entry.kind === "directory") return walkDirectory(state, { relative, entry, isExcluded });
  const digest = isExcluded ? undefined : await digestOf(entry, state.digests);
  if (digest !== undefined) state.entries.push({ relative, entry, digest });
}

async function walkDirectory(
  state: Walk,
  directory: {
    readonly relative: string;
    readonly entry: TreeEntry;
    readonly isExcluded: boolean;
  },
): Promise<void> {
  const { relative, entry, isExcluded } = directory;
  const path = posix.join(state.root, relative);
  const at = state.entries.length;
  state.entries.push({ relative, entry, digest: "" });
  for (const name of await state.tree.list(path)) {
    const child = await state.tree.lookup(posix.join(path, name));
    if (child !== undefined) await walk(state, posix.join(relative, name), child);
  }
  // An excluded directory is only there for the sake of what "!" brings back.
  const isEmpty = state.entries.length === at + 1;
  if (isEmpty && (isExcluded || state.isIgnored(path.slice(1)))) state.entries.pop();
}

async function digestOf(entry: TreeEntry, digests: FileDigests): Promise<string | undefined> {
  const { source, kind, identity } = entry;
  if (source === undefined) return undefined;
  if (kind === "symlink") return readlinkSync(source);
  return kind === "file" && identity !== undefined ? digests.digestOf(source, identity) : undefined;
}
