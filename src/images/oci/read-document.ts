import { ImageError } from "../image-error.ts";
import type { BlobStore } from "./blob-store.ts";
import { digestOf } from "./digest.ts";

/** What registries take at most as a manifest, and far above any config. */
export const MAX_DOCUMENT_BYTES = 4 * 2 ** 20;

/**
 * Reads a manifest or config of the store.
 *
 * @throws {ImageError} BLOB_NOT_FOUND; MANIFEST_INVALID when it is too large; DIGEST_MISMATCH when
 *   it was damaged on the disk, after which it is removed
 */
export async function readDocument(blobs: BlobStore, digest: string): Promise<string> {
  const sizeBytes = await blobs.stat(digest);
  if (sizeBytes !== undefined && sizeBytes > MAX_DOCUMENT_BYTES) {
    const text = `Cannot read ${digest}: ${sizeBytes} bytes`;
    throw new ImageError("MANIFEST_INVALID", `${text}; at most ${MAX_DOCUMENT_BYTES} are taken`);
  }
  const bytes = await blobs.read(digest);
  const found = digestOf(bytes);
  if (found === digest) return bytes.toString("utf8");
  await blobs.remove(digest);
  const text = `Cannot read blob ${digest}: its file has changed and is ${found} now`;
  throw new ImageError("DIGEST_MISMATCH", `${text}; pull or build the image anew`);
}
