import { open, readFile } from "node:fs/promises";
import { posix } from "node:path";
import { buffer } from "node:stream/consumers";
import { gunzipSync } from "node:zlib";

import { extract, type Header } from "tar-stream";

import type { LayerWriter } from "../layer/layer-writer.ts";
import type { RootTree } from "../layer/root-tree.ts";

/** More than the disk of the largest instance would hold in memory is not unpacked. */
const MAX_ARCHIVE_BYTES = 2 ** 31;

/** What ADD does with a local file. */
export type ArchiveKind = "tar" | "tar.gz" | "none" | "bzip2" | "xz" | "zstd";

/** Tells by its first bytes whether a file is an archive that ADD unpacks. */
export async function sniffArchive(path: string): Promise<ArchiveKind> {
  const file = await open(path);
  try {
    const { buffer: bytes, bytesRead } = await file.read(Buffer.alloc(512), 0, 512, 0);
    const head = bytes.subarray(0, bytesRead);
    if (head.toString("latin1", 257, 262) === "ustar") return "tar";
    if (head.toString("latin1", 0, 3) === "BZh") return "bzip2";
    const hex = head.toString("hex", 0, 6);
    if (hex === "fd377a585a00") return "xz";
    if (hex.startsWith("28b52ffd")) return "zstd";
    return hex.startsWith("1f8b") ? sniffGzip(path) : "none";
  } finally {
    await file.close();
  }
}

/** Where an archive goes. */
export interface UnpackTarget {
  /** The directory in the image, without symlinks. */
  readonly path: string;
  readonly writer: LayerWriter;
  /** Layers below and the one that is written. */
  readonly tree: RootTree;
}

/** Unpacks an archive below a directory of an image; names that climb out stay inside. */
export async function unpackTar(
  source: string,
  kind: "tar" | "tar.gz",
  target: UnpackTarget,
): Promise<void> {
  const bytes = await readFile(source);
  const entries = extract();
  entries.end(
    kind === "tar.gz" ? gunzipSync(bytes, { maxOutputLength: MAX_ARCHIVE_BYTES }) : bytes,
  );
  for await (const entry of entries) {
    const bytes = await buffer(entry);
    const name = posix.join("/", entry.header.name);
    const parent = await target.tree.resolve(posix.join(target.path, posix.dirname(name)));
    const path = name === "/" ? target.path : posix.join(parent, posix.basename(name));
    if (entry.header.type === "link") await copyLinked(entry.header, path, target);
    else await writeEntry({ header: entry.header, bytes }, path, target);
  }
}

async function writeEntry(
  { header, bytes }: { readonly header: Header; readonly bytes: Buffer },
  path: string,
  { writer, tree }: UnpackTarget,
): Promise<void> {
  const mode = header.mode & 0o1777;
  switch (header.type) {
    case "directory":
      return writer.makeDirectory(await tree.resolve(path), mode);
    case "symlink":
      return writer.writeSymlink(path, header.linkname);
    case "file":
    case "contiguous-file":
      return writer.writeInline(path, { bytes, mode, mtimeMs: header.mtime.getTime() });
    default:
      throw new Error(`${header.name} is a ${header.type}; only files, links and directories`);
  }
}

/** A hard link becomes a copy: its target may lie in a lower layer. */
async function copyLinked(header: Header, path: string, target: UnpackTarget): Promise<void> {
  const linked = await target.tree.resolve(
    posix.join(target.path, posix.join("/", header.linkname)),
  );
  const entry = await target.tree.lookup(linked);
  if (entry?.kind !== "file" || entry.source === undefined) {
    throw new Error(`hard link ${header.name} leads to ${header.linkname}, which is no file`);
  }
  return target.writer.copyEntry(entry.source, entry, path);
}

function isTar(bytes: Buffer): boolean {
  return bytes.toString("latin1", 257, 262) === "ustar";
}

async function sniffGzip(path: string): Promise<ArchiveKind> {
  try {
    return isTar(gunzipSync(await readFile(path), { maxOutputLength: MAX_ARCHIVE_BYTES }))
      ? "tar.gz"
      : "none";
  } catch {
    return "none"; // begins like gzip but is not: copied as it is, as Docker does
  }
}
