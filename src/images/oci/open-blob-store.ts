import { createHash, randomBytes } from "node:crypto";
import { createReadStream, mkdirSync, readFileSync, statSync, writeFileSync } from "node:fs";
import { open, readdir, rename, rm, stat, type FileHandle } from "node:fs/promises";
import { join } from "node:path";
import { Readable } from "node:stream";

import { ImageError } from "../image-error.ts";
import { collectDrafts } from "../collect-drafts.ts";
import { markUsed, usedAtMsOf } from "../mark-used.ts";
import type { BlobIdentity, BlobStore } from "./blob-store.ts";
import { digestOf } from "./digest.ts";
import { isDigest } from "./is-digest.ts";
import { toDiskFull } from "./to-disk-full.ts";

/** A blob as the store lists it. */
export interface StoredBlob extends BlobIdentity {
  /** When it was last asked for. */
  readonly usedAtMs: number;
}

/** Blobs in a directory. */
export interface DiskBlobStore extends BlobStore {
  list(): Promise<readonly StoredBlob[]>;
  /** Removes a blob, unless it was asked for after a time. */
  removeUnused(digest: string, unusedSinceMs: number): Promise<void>;
  /** Removes what writers that were killed left behind. */
  collectDrafts(): Promise<void>;
}

const READ_BYTES = 256 * 1024;

/**
 * Opens the blobs below `directory`; makes it when it is missing. Several processes may use it at
 * once: a blob is written to a draft, checked, and then renamed.
 */
export async function openBlobStore(directory: string): Promise<DiskBlobStore> {
  const store = new DirectoryBlobStore(directory);
  store.prepare();
  return store;
}

class DirectoryBlobStore implements DiskBlobStore {
  readonly #directory: string;
  readonly #filesDir: string;
  readonly #draftsDir: string;

  constructor(directory: string) {
    this.#directory = directory;
    this.#filesDir = join(directory, "sha256");
    this.#draftsDir = join(directory, "drafts");
  }

  prepare(): void {
    for (const path of [this.#filesDir, this.#draftsDir]) mkdirSync(path, { recursive: true });
  }

  async stat(digest: string): Promise<number | undefined> {
    const path = this.pathOf(digest);
    const stats = statSync(path, { throwIfNoEntry: false });
    if (stats === undefined) return undefined;
    markUsed(path);
    return stats.size;
  }

  async open(digest: string, fromByte = 0): Promise<Readable> {
    await this.#require(digest);
    return createReadStream(this.pathOf(digest), { start: fromByte, highWaterMark: READ_BYTES });
  }

  async read(digest: string): Promise<Buffer> {
    await this.#require(digest);
    return readFileSync(this.pathOf(digest)); // as documents are written
  }

  async write(
    content: AsyncIterable<unknown> | Uint8Array,
    expected?: BlobIdentity,
  ): Promise<BlobIdentity> {
    const isThere =
      expected !== undefined && (await this.stat(expected.digest)) === expected.sizeBytes;
    if (isThere) {
      if (content instanceof Readable) content.destroy();
      return expected;
    }
    const draft = join(this.#draftsDir, randomBytes(8).toString("hex"));
    try {
      const written = await this.#writeDraft(draft, content);
      if (expected !== undefined) check(written, expected);
      await rename(draft, this.pathOf(written.digest));
      return written;
    } catch (error) {
      if (content instanceof Readable) content.destroy();
      await rm(draft, { force: true });
      throw toDiskFull(error, this.#directory);
    }
  }

  pathOf(digest: string): string {
    if (isDigest(digest)) return join(this.#filesDir, digest.slice("sha256:".length));
    const text = `Cannot name a blob: ${JSON.stringify(digest)}; a digest is sha256: and 64 digits`;
    throw new ImageError("MANIFEST_INVALID", text);
  }

  async remove(digest: string): Promise<void> {
    await rm(this.pathOf(digest), { force: true });
  }

  async removeUnused(digest: string, unusedSinceMs: number): Promise<void> {
    const stats = await stat(this.pathOf(digest)).catch(() => undefined);
    if (stats !== undefined && usedAtMsOf(stats) <= unusedSinceMs) await this.remove(digest);
  }

  async list(): Promise<readonly StoredBlob[]> {
    const blobs: StoredBlob[] = [];
    for (const name of await readdir(this.#filesDir)) {
      const stats = await stat(join(this.#filesDir, name)).catch(() => undefined);
      if (stats === undefined || !isDigest(`sha256:${name}`)) continue;
      blobs.push({ digest: `sha256:${name}`, sizeBytes: stats.size, usedAtMs: usedAtMsOf(stats) });
    }
    return blobs;
  }

  collectDrafts(): Promise<void> {
    return collectDrafts(this.#draftsDir);
  }

  async #require(digest: string): Promise<void> {
    if ((await this.stat(digest)) !== undefined) return;
    const text = `Cannot read blob ${digest}: it is not in ${this.#directory}`;
    throw new ImageError("BLOB_NOT_FOUND", `${text}; pull or build the image anew`);
  }

  async #writeDraft(
    draft: string,
    content: AsyncIterable<unknown> | Uint8Array,
  ): Promise<BlobIdentity> {
    if (content instanceof Uint8Array) return writeSmall(draft, content);
    const file = await open(draft, "wx", 0o600);
    try {
      return await writeAll(file, content);
    } finally {
      await file.close();
    }
  }
}

/** A document: without Node's thread pool, whose turns take longer than the writing. */
function writeSmall(draft: string, content: Uint8Array): BlobIdentity {
  writeFileSync(draft, content, { flag: "wx", mode: 0o600 });
  return { digest: digestOf(content), sizeBytes: content.length };
}

async function writeAll(file: FileHandle, content: AsyncIterable<unknown>): Promise<BlobIdentity> {
  const hash = createHash("sha256");
  let sizeBytes = 0;
  for await (const chunk of content) {
    if (!(chunk instanceof Uint8Array)) throw new TypeError("a blob is made of bytes");
    hash.update(chunk);
    sizeBytes += chunk.length;
    await writeWhole(file, chunk);
  }
  return { digest: `sha256:${hash.digest("hex")}`, sizeBytes };
}

/** One call may write a part, as when the disk fills up; the next then says so. */
async function writeWhole(file: FileHandle, chunk: Uint8Array): Promise<void> {
  let done = 0;
  while (done < chunk.length) done += (await file.write(chunk, done)).bytesWritten;
}

function check(written: BlobIdentity, expected: BlobIdentity): void {
  if (written.digest === expected.digest && written.sizeBytes === expected.sizeBytes) return;
  throw new ImageError(
    "DIGEST_MISMATCH",
    `Cannot store blob ${expected.digest} of ${expected.sizeBytes} bytes: what came is ` +
      `${written.digest} of ${written.sizeBytes} bytes; fetch it again`,
  );
}
