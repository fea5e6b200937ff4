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
  /** Tells this content of a file of this machine from another; undefined where there is none. */
  readonly identity?: FileIdentity;
}

/** What changes when a file does, as far as the file system can tell. */
export interface FileIdentity {
  readonly dev: number;
  readonly ino: number;
  readonly sizeBytes: number;
  readonly mtimeMs: number;
  readonly ctimeMs: number;
}

/** Describes a file of this machine as a part of an image. */
export function toEntry(stats: Stats, source: string): TreeEntry {
  const { mode, uid, gid } = stats;
  const kind = kindOf(stats);
  return { kind, source, mode: mode & 0o7777, uid, gid, identity: toIdentity(stats) };
}

/** Takes of a file's facts those by which a change shows. */
export function toIdentity({ dev, ino, size, mtimeMs, ctimeMs }: Stats): FileIdentity {
  return { dev, ino, sizeBytes: size, mtimeMs, ctimeMs };
}

/** @returns whether a file is still the one it was */
export function isSameFile(one: FileIdentity, other: FileIdentity): boolean {
  return (
    one.mtimeMs === other.mtimeMs &&
    one.ctimeMs === other.ctimeMs &&
    one.sizeBytes === other.sizeBytes &&
    one.ino === other.ino &&
    one.dev === other.dev
  );
}

function kindOf(stats: Stats): TreeEntry["kind"] {
  if (stats.isDirectory()) return "directory";
  if (stats.isFile()) return "file";
  return stats.isSymbolicLink() ? "symlink" : "other";
}
