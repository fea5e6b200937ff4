import { ImageError } from "../image-error.ts";
import type { BlobStore } from "../oci/blob-store.ts";
import type { Descriptor } from "../oci/descriptor.ts";
import { isDigest } from "../oci/is-digest.ts";
import { parseManifest } from "../oci/parse-manifest.ts";
import { readDocument } from "../oci/read-document.ts";

/**
 * Finds which blobs a registry has since an image that it has stands on them: one request instead of
 * one a blob.
 *
 * @param manifestDigest of the image that it has; one that this store does not know tells nothing
 */
export async function findThere(
  store: BlobStore,
  blobs: readonly Descriptor[],
  manifestDigest = "",
): Promise<ReadonlySet<Descriptor>> {
  if (!isDigest(manifestDigest)) return new Set();
  try {
    const { config, layers } = parseManifest(await readDocument(store, manifestDigest));
    const digests = new Set([config, ...layers].map(({ digest }) => digest));
    return new Set(blobs.filter(({ digest }) => digests.has(digest)));
  } catch (error) {
    if (error instanceof ImageError) return new Set(); // somebody else pushed it, or an index
    throw error;
  }
}
