import type { TreeEntry } from "../layer/tree-entry.ts";

/** What COPY can read from: the build context, or the files of a stage. */
export interface FileTree {
  /** @returns what is at a path whose parents are no symlinks */
  lookup(path: string): Promise<TreeEntry | undefined>;
  /** @returns the names in a directory, sorted */
  list(path: string): Promise<readonly string[]>;
  /** Follows symlinks, never out of the tree. */
  resolve(path: string): Promise<string>;
}
