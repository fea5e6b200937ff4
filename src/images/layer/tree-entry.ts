import type { Stats } from "node:fs";

/** What is at a path of an image. */
export interface TreeEntry {
  readonly kind: "directory" | "file" | "symlink" | "other";
  /** Where it lies on this machine; undefined for a directory that only the sandbox makes. */
  readonly source: string | undefined;
  /** Permission bits. */
  readonly mode: number;
  readonly uid: number;
  readonly gid: number;
}

/** Describes a file of this machine as a part of an image. */
export function toEntry(stats: Stats, source: string): TreeEntry {
  const { mode, uid, gid } = stats;
  return { kind: kindOf(stats), source, mode: mode & 0o7777, uid, gid };
}

function kindOf(stats: Stats): TreeEntry["kind"] {
  if (stats.isDirectory()) return "directory";
  if (stats.isFile()) return "file";
  return stats.isSymbolicLink() ? "symlink" : "other";
}
