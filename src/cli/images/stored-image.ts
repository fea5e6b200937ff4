import type { StoredImage } from "../../images/guard/account-bytes.ts";
import type { Descriptor } from "../../images/oci/descriptor.ts";

/** Writes what an image consists of as what counts for the account's storage. */
export function toStoredImage(parts: readonly Pick<Descriptor, "digest" | "size">[]): StoredImage {
  return { blobs: parts.map(({ digest, size }) => ({ digest, sizeBytes: size })) };
}
