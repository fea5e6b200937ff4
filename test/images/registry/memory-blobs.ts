import { createHash } from "node:crypto";
import { Readable } from "node:stream";
import { buffer } from "node:stream/consumers";

import { ImageError } from "../../../src/images/image-error.ts";
import type { BlobIdentity, BlobStore } from "../../../src/images/oci/blob-store.ts";
import type { Descriptor, OciImage } from "../../../src/images/oci/descriptor.ts";

/** A blob store in memory. */
export class MemoryBlobs implements BlobStore {
  readonly kept = new Map<string, Buffer>();

  async stat(digest: string): Promise<number | undefined> {
    return this.kept.get(digest)?.length;
  }

  async open(digest: string, fromByte = 0): Promise<Readable> {
    const bytes = this.kept.get(digest);
    if (bytes === undefined) throw new ImageError("BLOB_NOT_FOUND", `No blob ${digest}`);
    const pieces: Buffer[] = [];
    for (let at = fromByte; at < bytes.length; at += 65_536) {
      pieces.push(Buffer.from(bytes.subarray(at, at + 65_536)));
    }
    return Readable.from(pieces, { objectMode: false });
  }

  async read(digest: string): Promise<Buffer> {
    return buffer(await this.open(digest));
  }

  async write(content: Readable | Uint8Array, expected?: BlobIdentity): Promise<BlobIdentity> {
    const chunks: Uint8Array[] = [];
    if (content instanceof Uint8Array) chunks.push(content);
    else for await (const chunk of content as AsyncIterable<Buffer>) chunks.push(chunk);
    const bytes = Buffer.concat(chunks);
    const digest = digestOf(bytes);
    if (expected !== undefined && expected.digest !== digest) {
      throw new ImageError("DIGEST_MISMATCH", `Not ${expected.digest} but ${digest}`);
    }
    this.kept.set(digest, bytes);
    return { digest, sizeBytes: bytes.length };
  }

  pathOf(digest: string): string {
    return `/memory/${digest}`;
  }

  async remove(digest: string): Promise<void> {
    this.kept.delete(digest);
  }

  /** The digests of what is really there. */
  contents(): readonly string[] {
    return [...this.kept.values()].map(digestOf).toSorted();
  }

  add(content: Uint8Array | object, mediaType: string): Descriptor {
    const bytes =
      content instanceof Uint8Array ? Buffer.from(content) : Buffer.from(JSON.stringify(content));
    const digest = digestOf(bytes);
    this.kept.set(digest, bytes);
    return { mediaType, digest, size: bytes.length };
  }
}

export function digestOf(bytes: Uint8Array): string {
  return `sha256:${createHash("sha256").update(bytes).digest("hex")}`;
}

/** An image for linux/amd64 whose layers have the given contents. */
export function addImage(
  blobs: MemoryBlobs,
  layerContents: readonly Uint8Array[],
  architecture = "amd64",
): OciImage {
  const type = "application/vnd.oci.image";
  const layers = layerContents.map((bytes) => blobs.add(bytes, `${type}.layer.v1.tar`));
  const rootfs = { type: "layers", diff_ids: layers.map((layer) => layer.digest) };
  const config = blobs.add(
    { os: "linux", architecture, rootfs, config: {} },
    `${type}.config.v1+json`,
  );
  const mediaType = `${type}.manifest.v1+json`;
  const manifest = blobs.add({ schemaVersion: 2, mediaType, config, layers }, mediaType);
  return { manifest, config, layers };
}

/** Bytes that do not repeat, the same for the same seed. */
export function bytesOf(sizeBytes: number, seed = 1): Buffer {
  const bytes = Buffer.alloc(sizeBytes);
  let state = seed;
  for (let at = 0; at < sizeBytes; at += 1) {
    state = (Math.imul(state, 1_664_525) + 1_013_904_223) >>> 0;
    bytes[at] = state >>> 24;
  }
  return bytes;
}
