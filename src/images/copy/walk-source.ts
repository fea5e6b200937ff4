import { createHash } from "node:crypto";
import { createReadStream } from "node:fs";
import { readlink } from "node:fs/promises";
import { posix } from "node:path";
import { pipeline } from "node:stream/promises";

import type { TreeEntry } from "../layer/tree-entry.ts";
import type { FileTree } from "./file-tree.ts";

/** One file, symlink or directory to copy. */
export interface SourceEntry {
  /** Below the copied path; "" for itself. */
  readonly relative: string;
  readonly entry: TreeEntry;
  /** Stands for the contents: a hash, a link's target, "" for a directory. */
  readonly digest: string;
}

/** Decides what a walk leaves out. */
export type IsIgnored = (path: string) => boolean;

/**
 * Lists a path and all below it, parents first, each with a digest of its contents. Sockets,
 * pipes and devices are left out.
 */
export async function walkSource(
  tree: FileTree,
  path: string,
  isIgnored: IsIgnored,
): Promise<readonly SourceEntry[]> {
  const entry = await tree.lookup(path);
  if (entry === undefined) return [];
  const entries: SourceEntry[] = [];
  await walk({ tree, root: path, isIgnored, entries }, "", entry);
  return entries;
}

interface Walk {
  readonly tree: FileTree;
  readonly root: string;
  readonly isIgnored: IsIgnored;
  readonly entries: SourceEntry[];
}

async function walk(state: Walk, relative: string, entry: TreeEntry): Promise<void> {
  const path = posix.join(state.root, relative);
  if (entry.kind !== "directory") {
    const digest = await digestOf(entry);
    if (digest !== undefined) state.entries.push({ relative, entry, digest });
    return;
  }
  const at = state.entries.length;
  for (const name of await state.tree.list(path)) {
    const child = await state.tree.lookup(posix.join(path, name));
    if (child !== undefined) await walk(state, posix.join(relative, name), child);
  }
  // An excluded directory is only there for the sake of what "!" brings back.
  const isEmpty = state.entries.length === at;
  if (isEmpty && state.isIgnored(path.slice(1))) return;
  state.entries.splice(at, 0, { relative, entry, digest: "" });
}

async function digestOf(entry: TreeEntry): Promise<string | undefined> {
  if (entry.source === undefined) return undefined;
  if (entry.kind === "symlink") return readlink(entry.source);
  if (entry.kind !== "file") return undefined;
  const hash = createHash("sha256");
  await pipeline(createReadStream(entry.source), hash);
  return hash.digest("hex");
}
