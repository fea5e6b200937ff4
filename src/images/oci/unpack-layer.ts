import { createHash } from "node:crypto";
import type { Readable } from "node:stream";

import { ImageError } from "../image-error.ts";
import { decompress, toBuffer } from "./decompress.ts";
import { compressionOf, type Compression } from "./media-types.ts";
import { damaged } from "./tar/decode-tar-header.ts";
import { LayerDirectory, unsafe, type OpenFile } from "./tar/layer-directory.ts";
import type { TarEntry } from "./tar/tar-entry.ts";
import { TarParser, type TarEvent } from "./tar/tar-parser.ts";
import { toLayerPath } from "./tar/layer-path.ts";
import { defaultUnpackLimits, UnpackMeter, type UnpackLimits } from "./tar/unpack-limits.ts";
import { toDiskFull } from "./to-disk-full.ts";

const WHITEOUT = ".wh.";
const RESERVED = ".wh..wh.";
const OPAQUE_WHITEOUT = ".wh..wh..opq";

/** What came of unpacking a layer. */
export interface UnpackedLayer {
  /** "sha256:…" of the tar. */
  readonly diffId: string;
  /** "sha256:…" of what was read. */
  readonly digest: string;
  /** Of the tar. */
  readonly unpackedBytes: number;
  readonly entries: number;
  /** Directories that hide what lies under them, without leading slash. */
  readonly opaque: readonly string[];
  /** The first ten files that had attributes, such as capabilities, which are not kept. */
  readonly withoutAttributes: readonly string[];
}

/**
 * Unpacks a layer's tar into an empty directory, as an overlay lays it over others: what it
 * deletes becomes a device 0:0 or a marked directory. Nothing is ever written outside of it.
 *
 * Pipes are made. Devices are refused, since a container gets its own. Of an entry that comes
 * twice the last one stays. Owners are kept as far as this user may set them.
 *
 * @param targetDir an empty directory that nobody else writes to
 * @throws {ImageError} ARCHIVE_UNSAFE for an entry that leads outside or is a device;
 *   ARCHIVE_TOO_LARGE beyond a limit; ARCHIVE_INVALID when it is damaged; MANIFEST_INVALID for a
 *   media type that is not read; DISK_FULL
 */
// oxlint-disable-next-line max-params -- what, how, where, and how much of it
export async function unpackLayer(
  source: Readable,
  mediaType: string,
  targetDir: string,
  limits: UnpackLimits = defaultUnpackLimits,
): Promise<UnpackedLayer> {
  const compression = compressionOf(mediaType);
  if (compression === undefined) {
    source.destroy();
    const text = `Cannot unpack a layer of type ${mediaType}: tar, gzip and zstd are read`;
    throw new ImageError("MANIFEST_INVALID", `${text}; build the image with one of them`);
  }
  const unpacking = new LayerUnpacking(targetDir, limits);
  try {
    return await unpacking.run(source, compression);
  } catch (error) {
    throw toDiskFull(error, targetDir);
  } finally {
    unpacking.abandon();
    source.destroy();
  }
}

class LayerUnpacking {
  readonly #directory: LayerDirectory;
  readonly #meter: UnpackMeter;
  readonly #withoutAttributes: string[] = [];
  #file: OpenFile | undefined;

  constructor(targetDir: string, limits: UnpackLimits) {
    this.#directory = new LayerDirectory(targetDir);
    this.#meter = new UnpackMeter(limits);
  }

  async run(source: Readable, compression: Compression): Promise<UnpackedLayer> {
    const [tarHash, blobHash] = [createHash("sha256"), createHash("sha256")];
    const meter = this.#meter;
    const counted = async function* (): AsyncGenerator<Buffer> {
      for await (const chunk of source) {
        const bytes = toBuffer(chunk);
        meter.countPacked(bytes.length);
        if (compression !== "none") blobHash.update(bytes);
        yield bytes;
      }
    };
    const parser = new TarParser();
    for await (const chunk of decompress(counted(), compression)) {
      meter.countUnpacked(chunk.length);
      tarHash.update(chunk);
      for (const event of parser.feed(chunk)) this.#take(event);
    }
    parser.finish();
    const opaque = await this.#directory.finish();
    const { unpackedBytes, entries } = meter;
    const diffId = `sha256:${tarHash.digest("hex")}`;
    const digest = compression === "none" ? diffId : `sha256:${blobHash.digest("hex")}`;
    const withoutAttributes = this.#withoutAttributes;
    return { diffId, digest, unpackedBytes, entries, opaque, withoutAttributes };
  }

  /** Closes a file that was not ended. */
  abandon(): void {
    this.#file?.abandon();
    this.#file = undefined;
  }

  #take(event: TarEvent): void {
    if (event.kind === "entry") return this.#takeEntry(event.entry);
    if (event.kind === "data") return this.#file?.write(event.bytes);
    const file = this.#file;
    this.#file = undefined;
    file?.end();
  }

  #takeEntry(entry: TarEntry): void {
    this.#meter.countEntry();
    const path = toLayerPath(entry.name);
    const slash = path.lastIndexOf("/") + 1;
    const name = path.slice(slash);
    if (name.startsWith(WHITEOUT)) return this.#takeMarker(path.slice(0, slash), name);
    if (Object.keys(entry.attributes).length > 0 && this.#withoutAttributes.length < 10) {
      this.#withoutAttributes.push(path);
    }
    try {
      this.#write(path, entry);
    } catch (error) {
      throw nameEntry(error, entry.name);
    }
  }

  #write(path: string, entry: TarEntry): void {
    const directory = this.#directory;
    if (path === "" && entry.kind !== "directory") {
      throw unsafe(entry.name, "it stands in for the layer's root");
    }
    switch (entry.kind) {
      case "directory":
        return directory.makeDirectory(path, entry);
      case "file":
        this.#file = directory.beginFile(path, entry);
        return;
      case "symlink":
        if (/[\0\uFFFD]/.test(entry.linkName)) throw unsafe(entry.name, "its target is no path");
        return directory.makeSymlink(path, entry);
      case "link":
        return directory.makeLink(path, toLayerPath(entry.name, entry.linkName));
      case "fifo":
        return directory.makeFifo(path, entry);
      case "character-device":
        if (entry.deviceMajor === 0 && entry.deviceMinor === 0) return directory.addWhiteout(path);
        throw unsafe(entry.name, "it is a device, which would be the host's own");
      case "block-device":
        throw unsafe(entry.name, "it is a device, which would be the host's own");
    }
  }

  /** `parent` is empty or ends with a slash. */
  #takeMarker(parent: string, name: string): void {
    if (name === OPAQUE_WHITEOUT) return this.#directory.addOpaque(parent.slice(0, -1));
    if (name.startsWith(RESERVED)) return; // an older file system's own notes
    const hidden = name.slice(WHITEOUT.length);
    if (["", ".", ".."].includes(hidden)) throw unsafe(parent + name, "it deletes no file's name");
    this.#directory.addWhiteout(parent + hidden);
  }
}

/** Says which entry the system would not write, as one whose name is too long. */
function nameEntry(error: unknown, name: string): unknown {
  const isSystemError = error instanceof Error && "syscall" in error && "code" in error;
  if (!isSystemError || toDiskFull(error, "") !== error) return error;
  return damaged(`${JSON.stringify(name)} cannot be written: ${error.message}`, error);
}
