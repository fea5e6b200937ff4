import { once } from "node:events";
import { createReadStream } from "node:fs";
import { posix } from "node:path";
import { PassThrough } from "node:stream";

import { ImageError } from "../image-error.ts";
import { readHead } from "../read-head.ts";
import type { BlobIdentity, BlobStore } from "./blob-store.ts";
import { decompress, sniffCompression, toBuffer } from "./decompress.ts";
import { DOCKER_FILE, INDEX_FILE, LAYOUT_FILE } from "./layout-entry.ts";
import { MAX_DOCUMENT_BYTES } from "./read-document.ts";
import { toLayerPath } from "./tar/layer-path.ts";
import { unsafe } from "./tar/layer-directory.ts";
import type { TarEntry } from "./tar/tar-entry.ts";
import { TarParser, type TarEvent } from "./tar/tar-parser.ts";
import { defaultUnpackLimits, UnpackMeter, type UnpackLimits } from "./tar/unpack-limits.ts";

/** What an archive of images holds. */
export interface ArchiveContents {
  /** The files at its top that name the rest, as text. */
  readonly documents: ReadonlyMap<string, string>;
  /** All others that may be parts of an image: they are in the store now. Links count as files. */
  readonly files: ReadonlyMap<string, BlobIdentity>;
}

/** Enough to tell how an archive is compressed. */
const MAGIC_BYTES = 4;
const documentNames = [LAYOUT_FILE, INDEX_FILE, DOCKER_FILE];

/**
 * Reads an archive of images in one pass. Nothing is written under a name that the archive
 * chooses: content goes into the store by its digest, and links are looked up in the archive.
 *
 * @throws {ImageError} ARCHIVE_INVALID, ARCHIVE_UNSAFE, ARCHIVE_TOO_LARGE, DIGEST_MISMATCH, DISK_FULL
 */
export async function readArchive(
  blobs: BlobStore,
  path: string,
  limits: UnpackLimits = defaultUnpackLimits,
): Promise<ArchiveContents> {
  const compression = sniffCompression(await readHead(path, MAGIC_BYTES));
  const source = createReadStream(path, { highWaterMark: 256 * 1024 });
  const meter = new UnpackMeter(limits);
  const counted = async function* (): AsyncGenerator<Buffer> {
    for await (const chunk of source) {
      const bytes = toBuffer(chunk);
      meter.countPacked(bytes.length);
      yield bytes;
    }
  };
  const reader = new ArchiveReader(blobs, meter);
  const parser = new TarParser();
  try {
    for await (const chunk of decompress(counted(), compression)) {
      meter.countUnpacked(chunk.length);
      for (const event of parser.feed(chunk)) await reader.take(event);
    }
    parser.finish();
    return reader.finish();
  } finally {
    await reader.abandon();
    source.destroy();
  }
}

/** Where the content of the entry goes that is being read. */
interface Sink {
  write(bytes: Buffer): Promise<void>;
  end(): Promise<void>;
  abandon(): Promise<void>;
}

class ArchiveReader {
  readonly #blobs: BlobStore;
  readonly #meter: UnpackMeter;
  readonly #documents = new Map<string, string>();
  readonly #files = new Map<string, BlobIdentity>();
  readonly #links = new Map<string, string>();
  #sink: Sink | undefined;

  constructor(blobs: BlobStore, meter: UnpackMeter) {
    this.#blobs = blobs;
    this.#meter = meter;
  }

  async take(event: TarEvent): Promise<void> {
    if (event.kind === "entry") return this.#takeEntry(event.entry);
    if (event.kind === "data") return this.#sink?.write(event.bytes);
    const sink = this.#sink;
    this.#sink = undefined;
    await sink?.end();
  }

  finish(): ArchiveContents {
    const files = new Map(this.#files);
    for (const [name, target] of this.#links) {
      const file = this.#files.get(target);
      if (file !== undefined) files.set(name, file);
    }
    return { documents: this.#documents, files };
  }

  async abandon(): Promise<void> {
    await this.#sink?.abandon();
  }

  async #takeEntry(entry: TarEntry): Promise<void> {
    this.#meter.countEntry();
    const name = toLayerPath(entry.name);
    if (entry.kind === "file") this.#sink = await this.#openSink(name, entry.sizeBytes);
    else if (entry.kind === "symlink") {
      this.#links.set(name, posix.join(posix.dirname(name), entry.linkName));
    } else if (entry.kind === "link")
      this.#links.set(name, toLayerPath(entry.name, entry.linkName));
    else if (entry.kind !== "directory") throw unsafe(entry.name, `it is a ${entry.kind}`);
  }

  async #openSink(name: string, sizeBytes: number): Promise<Sink | undefined> {
    if (documentNames.includes(name)) {
      if (sizeBytes > MAX_DOCUMENT_BYTES) throw documentTooLarge(name, sizeBytes);
      return new DocumentSink((text) => this.#documents.set(name, text));
    }
    const hex = /^blobs\/sha256\/([0-9a-f]{64})$/.exec(name)?.[1];
    const expected = hex === undefined ? undefined : { digest: `sha256:${hex}`, sizeBytes };
    if (expected !== undefined && (await this.#blobs.stat(expected.digest)) === sizeBytes) {
      this.#files.set(name, expected);
      return undefined;
    }
    if (expected === undefined && !/\.(tar|json)$/.test(name)) return undefined; // no part of an image
    const content = new PassThrough();
    const written = this.#blobs.write(content, expected);
    return new BlobSink(content, written, (identity) => this.#files.set(name, identity));
  }
}

class DocumentSink implements Sink {
  readonly #parts: Buffer[] = [];
  readonly #done: (text: string) => void;

  constructor(done: (text: string) => void) {
    this.#done = done;
  }

  async write(bytes: Buffer): Promise<void> {
    this.#parts.push(bytes);
    await Promise.resolve();
  }

  async end(): Promise<void> {
    this.#done(Buffer.concat(this.#parts).toString("utf8"));
    await Promise.resolve();
  }

  abandon(): Promise<void> {
    return Promise.resolve();
  }
}

class BlobSink implements Sink {
  readonly #content: PassThrough;
  readonly #written: Promise<BlobIdentity>;
  readonly #done: (identity: BlobIdentity) => void;

  // oxlint-disable-next-line max-params -- the stream, what comes of it, and who is told
  constructor(
    content: PassThrough,
    written: Promise<BlobIdentity>,
    done: (identity: BlobIdentity) => void,
  ) {
    this.#content = content;
    this.#written = written;
    this.#done = done;
    written.catch(() => undefined); // whoever writes or ends next is told
    content.on("error", () => undefined); // the store tells of it
  }

  async write(bytes: Buffer): Promise<void> {
    if (this.#content.write(bytes)) return;
    await Promise.race([once(this.#content, "drain"), this.#written]);
  }

  async end(): Promise<void> {
    this.#content.end();
    this.#done(await this.#written);
  }

  async abandon(): Promise<void> {
    this.#content.destroy(new Error("the archive could not be read to its end"));
    await this.#written.catch(() => undefined); // the store takes its draft away
  }
}

function documentTooLarge(name: string, sizeBytes: number): ImageError {
  const text = `Cannot read ${name} of the archive: ${sizeBytes} bytes`;
  return new ImageError("ARCHIVE_TOO_LARGE", `${text}; at most ${MAX_DOCUMENT_BYTES} are taken`);
}
