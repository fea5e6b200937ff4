import { ImageError } from "../image-error.ts";
import type { BlobStore } from "../oci/blob-store.ts";
import type { OciImage, Platform } from "../oci/descriptor.ts";
import { toJsonObject } from "../oci/json-fields.ts";
import { toPlatform } from "../oci/platform.ts";

/**
 * Reads from an image's config what the image runs on.
 *
 * @throws {ImageError} MANIFEST_INVALID when it does not say; BLOB_NOT_FOUND
 */
export async function readPlatform(blobs: BlobStore, { config }: OciImage): Promise<Platform> {
  const platform = toPlatform(toJsonObject((await blobs.read(config.digest)).toString()));
  if (platform !== undefined) return platform;
  throw new ImageError(
    "MANIFEST_INVALID",
    `Cannot read config ${config.digest}: it does not say what the image runs on`,
  );
}
