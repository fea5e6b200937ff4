import type { BlobStore } from "./blob-store.ts";
import type { Descriptor } from "./descriptor.ts";
import { parseManifestOrIndex } from "./parse-manifest.ts";
import { readDocument } from "./read-document.ts";

/** An index in an index is allowed; more is a trap. */
const MAX_DEPTH = 3;

/**
 * Lists what a manifest or index is made of, itself included. Images of an index that are not in
 * the store are left out, as when only one platform was pulled.
 *
 * @throws {ImageError} BLOB_NOT_FOUND when the manifest itself is not there; MANIFEST_INVALID
 */
export async function listBlobs(
  blobs: BlobStore,
  root: Descriptor,
  depth = 1,
): Promise<readonly Descriptor[]> {
  const parsed = parseManifestOrIndex(await readDocument(blobs, root.digest));
  if (parsed.kind === "manifest") return [root, parsed.config, ...parsed.layers];
  const listed = [root];
  for (const child of depth < MAX_DEPTH ? parsed.manifests : []) {
    if ((await blobs.stat(child.digest)) === undefined) continue;
    listed.push(...(await listBlobs(blobs, child, depth + 1)));
  }
  return listed;
}
