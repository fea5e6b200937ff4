import { ImageError } from "../image-error.ts";
import type { BlobStore } from "../oci/blob-store.ts";
import type { Descriptor, OciImage, Platform } from "../oci/descriptor.ts";
import { toJsonObject } from "../oci/json-fields.ts";
import { MAX_DOCUMENT_BYTES } from "../oci/read-document.ts";
import { choosePlatform, isPlatform, platformMissing, toPlatform } from "../oci/platform.ts";
import { downloadBlob, type DownloadScope } from "./download-blob.ts";
import { fetchManifest, resolveDigest } from "./fetch-manifest.ts";
import { readManifest, type RegistryManifest } from "./manifest.ts";
import type { Registry } from "./open-registry.ts";
import { formatReference, parseReference, type Reference } from "./reference.ts";
import { transferAll } from "./transfer-all.ts";
import type { OnProgress } from "./transfer-progress.ts";

/** What to pull. */
export interface PullOptions {
  readonly registry: Registry;
  /** Gets every blob of the image; what is there is not fetched. */
  readonly blobs: BlobStore;
  /** "host/repository:tag" */
  readonly reference: string;
  readonly platform: Platform;
  readonly onProgress?: OnProgress;
}

/** An image that was pulled: all its blobs are in the store. */
export interface PulledImage extends OciImage {
  /** What the reference pointed to: the index, or the manifest itself. */
  readonly index: Descriptor;
}

/** An index in an index is enough for anyone. */
const INDEX_DEPTH_LIMIT = 3;

/**
 * Pulls an image for one platform. A tag is looked up each time; what has the digest already is not
 * fetched again.
 *
 * @throws {ImageError} BAD_REFERENCE, NO_SUCH_IMAGE, PLATFORM_MISSING, MANIFEST_INVALID,
 *   DIGEST_MISMATCH, REGISTRY_UNREACHABLE, REGISTRY_DENIED, REGISTRY_FAILED, DISK_FULL
 */
export async function pullImage(options: PullOptions): Promise<PulledImage> {
  const { registry, blobs, platform, onProgress = () => undefined } = options;
  const reference = parseReference(options.reference);
  const name = formatReference(reference);
  const { index, image } = await findImage(options, reference);
  const scope: DownloadScope = { registry, blobs, reference, onProgress, signal: registry.signal };
  await downloadBlob(scope, image.config);
  await checkPlatform({ blobs, image, platform, name });
  const layers = new Map(image.layers.map((layer) => [layer.digest, layer]));
  for (const { digest, size } of layers.values()) {
    onProgress({ digest, doneBytes: 0, totalBytes: size, state: "waiting" });
  }
  const limits = { limit: registry.concurrency, signal: registry.signal };
  await transferAll([...layers.values()], limits, (layer, signal) =>
    downloadBlob({ ...scope, signal }, layer),
  );
  return { ...image, index };
}

async function findImage(
  options: PullOptions,
  reference: Reference,
): Promise<{ readonly index: Descriptor; readonly image: OciImage }> {
  const name = formatReference(reference);
  let manifest = await findManifest(options, reference);
  const index = manifest.kind === "index" ? manifest.self : manifest.image.manifest;
  for (let depth = 0; manifest.kind === "index"; depth += 1) {
    if (depth === INDEX_DEPTH_LIMIT) {
      throw new ImageError("MANIFEST_INVALID", `Cannot pull ${name}: its indexes never end`);
    }
    const { digest } = choosePlatform(manifest.entries, options.platform, name);
    manifest = await findManifest(options, { ...reference, digest });
  }
  return { index, image: manifest.image };
}

/** Takes a manifest from the store when its digest is known and it is there. */
async function findManifest(options: PullOptions, reference: Reference): Promise<RegistryManifest> {
  const { registry, blobs } = options;
  const name = formatReference(reference);
  const digest = reference.digest ?? (await resolveTag(registry, reference));
  if (digest !== undefined && ((await blobs.stat(digest)) ?? Infinity) <= MAX_DOCUMENT_BYTES) {
    return readManifest(await blobs.read(digest), name);
  }
  const pinned = digest === undefined ? reference : { ...reference, digest };
  const fetched = await fetchManifest(registry, pinned);
  const manifest = readManifest(fetched.bytes, name, fetched.declaredType);
  const identity = { digest: fetched.digest, sizeBytes: fetched.bytes.length };
  await blobs.write(fetched.bytes, identity);
  return manifest;
}

/** @returns undefined when the registry does not say */
async function resolveTag(registry: Registry, reference: Reference): Promise<string | undefined> {
  const digest = await resolveDigest(registry, reference);
  if (digest !== undefined) return digest === "unknown" ? undefined : digest;
  throw new ImageError(
    "NO_SUCH_IMAGE",
    `Cannot pull ${formatReference(reference)}: ${reference.registryHost} has no such image; ` +
      "check the repository's name and the tag",
  );
}

/** An image without an index says only in its config what it runs on. */
async function checkPlatform(check: {
  readonly blobs: BlobStore;
  readonly image: OciImage;
  readonly platform: Platform;
  readonly name: string;
}): Promise<void> {
  const { blobs, image, platform, name } = check;
  if (image.config.size > MAX_DOCUMENT_BYTES) {
    throw new ImageError("MANIFEST_INVALID", `Cannot pull ${name}: its config is too large`);
  }
  const document = toJsonObject((await blobs.read(image.config.digest)).toString());
  if (document === undefined) {
    throw new ImageError("MANIFEST_INVALID", `Cannot pull ${name}: its config is no JSON object`);
  }
  const there = toPlatform(document);
  if (there === undefined || isPlatform(there, platform)) return;
  throw platformMissing(platform, [there], name);
}
