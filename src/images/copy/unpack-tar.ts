import { statSync } from "node:fs";
import { posix } from "node:path";
import { Transform } from "node:stream";

import type { Header } from "tar-stream";

import { ImageError } from "../image-error.ts";
import type { InlineFile, LayerWriter } from "../layer/layer-writer.ts";
import type { RootTree } from "../layer/root-tree.ts";
import { defaultUnpackLimits, UnpackMeter, type UnpackLimits } from "../oci/tar/unpack-limits.ts";
import { openArchive, type Compression } from "./decode-archive.ts";

/** Where an archive goes. */
export interface UnpackTarget {
  /** The directory in the image, without symlinks. */
  readonly path: string;
  readonly writer: LayerWriter;
  /** Layers below and the one that is written. */
  readonly tree: RootTree;
  /** What an archive may come to (default: what a layer may). */
  readonly limits?: UnpackLimits;
}

interface TarEntry extends AsyncIterable<unknown> {
  readonly header: Header;
}

/**
 * Unpacks an archive below a directory of an image; names that climb out stay inside.
 *
 * @throws {ImageError} ARCHIVE_TOO_LARGE, for a bomb too; ARCHIVE_UNSAFE for a device or pipe
 */
export async function unpackTar(
  source: string,
  compression: Compression,
  target: UnpackTarget,
): Promise<void> {
  const { extract } = await import("tar-stream"); // few builds unpack one
  const bytes = openArchive(source, compression);
  const meter = new UnpackMeter(target.limits ?? defaultUnpackLimits);
  meter.countPacked(statSync(source).size);
  const counted = countThrough(meter);
  const entries = extract();
  bytes.once("error", (error) => counted.destroy(error));
  counted.once("error", (error) => entries.destroy(error));
  bytes.pipe(counted).pipe(entries);
  try {
    for await (const entry of entries) {
      meter.countEntry();
      await unpackEntry(entry, target);
      entry.resume();
    }
  } finally {
    bytes.destroy();
  }
}

function countThrough(meter: UnpackMeter): Transform {
  return new Transform({
    transform(chunk: Buffer, _encoding, done) {
      try {
        meter.countUnpacked(chunk.length);
        done(undefined, chunk);
      } catch (error) {
        done(error instanceof Error ? error : new Error(String(error)));
      }
    },
  });
}

async function unpackEntry(entry: TarEntry, target: UnpackTarget): Promise<void> {
  const { header } = entry;
  const name = posix.join("/", header.name);
  const parent = await target.tree.resolve(posix.join(target.path, posix.dirname(name)));
  const path = name === "/" ? target.path : posix.join(parent, posix.basename(name));
  if (header.type === "link") return copyLinked(header, path, target);
  return writeEntry({ header, content: entry }, path, target);
}

async function writeEntry(
  { header, content }: { readonly header: Header; readonly content: InlineFile["content"] },
  path: string,
  { writer, tree }: UnpackTarget,
): Promise<void> {
  const mode = header.mode & 0o7777;
  switch (header.type) {
    case "directory":
      return writer.makeDirectory(await tree.resolve(path), mode);
    case "symlink":
      return writer.writeSymlink(path, header.linkname);
    case "file":
    case "contiguous-file":
      return writer.writeInline(path, { content, mode, mtimeMs: header.mtime.getTime() });
    default:
      throw new ImageError(
        "ARCHIVE_UNSAFE",
        `Cannot unpack ${header.name}: it is a ${header.type}; pack files, links and directories only`,
      );
  }
}

/** A hard link becomes a copy: its target may lie in a lower layer. */
async function copyLinked(header: Header, path: string, target: UnpackTarget): Promise<void> {
  const linked = await target.tree.resolve(
    posix.join(target.path, posix.join("/", header.linkname)),
  );
  const entry = await target.tree.lookup(linked);
  if (entry?.kind !== "file") {
    throw new Error(`hard link ${header.name} leads to ${header.linkname}, which is no file`);
  }
  return target.writer.copyEntry(entry, path);
}
