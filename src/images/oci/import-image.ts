import { rm } from "node:fs/promises";

import { forEachAtOnce } from "../for-each-at-once.ts";
import type { Image } from "../image.ts";
import { ImageError } from "../image-error.ts";
import type { BuildStore } from "../image-store.ts";
import { parseConfigDocument, type ConfigDocument } from "./config-document.ts";
import type { Descriptor, Platform } from "./descriptor.ts";
import { ORIGINAL_RECIPE, recordPacking } from "./layer-packing.ts";
import { parseManifestOrIndex, type Manifest } from "./parse-manifest.ts";
import {
  choosePlatform,
  defaultPlatform,
  isPlatform,
  pickPlatform,
  platformMissing,
} from "./platform.ts";
import { readDocument } from "./read-document.ts";
import type { UnpackLimits } from "./tar/unpack-limits.ts";
import { unpackLayer } from "./unpack-layer.ts";

/** How {@link importImage} makes an image. */
export interface ImportOptions {
  /** A name for the image. */
  readonly tag?: string;
  /** Which image of an index (default: linux/amd64). */
  readonly platform?: Platform;
  /** What one layer may come to. */
  readonly limits?: UnpackLimits;
  /** Told what is not kept of a layer. */
  readonly onNote?: (text: string) => void;
}

const LAYERS_AT_ONCE = 2;
/** An index in an index is allowed; more is a trap. */
const MAX_DEPTH = 3;

/**
 * Makes an image of the store from a manifest or index whose blobs are in the store. Layers are
 * unpacked once: those that another image has are shared.
 *
 * @throws {ImageError} BLOB_NOT_FOUND; MANIFEST_INVALID; PLATFORM_MISSING, which lists what there
 *   is; DIGEST_MISMATCH when a layer is not what its config says; ARCHIVE_UNSAFE,
 *   ARCHIVE_TOO_LARGE and ARCHIVE_INVALID of a layer; DISK_FULL
 */
export async function importImage(
  store: BuildStore,
  manifestDigest: string,
  options: ImportOptions = {},
): Promise<Image> {
  const platform = options.platform ?? defaultPlatform;
  const { manifest, digest } = await findManifest(store, manifestDigest, platform);
  const document = await readConfig(store, manifest, platform);
  const names = await unpackAll(store, { manifest, document }, options);
  const origin = { manifestDigest: digest, layerCount: names.length };
  const { config } = document;
  const image = await store.create(
    { base: "none", platform: pickPlatform(document), config, layers: names, origin },
    options.tag,
  );
  // Another process may have removed the last image with a layer while this one had no record yet.
  await unpackAll(store, { manifest, document }, options);
  return image;
}

interface FoundManifest {
  readonly manifest: Manifest;
  readonly digest: string;
}

async function findManifest(
  { blobs }: BuildStore,
  manifestDigest: string,
  platform: Platform,
): Promise<FoundManifest> {
  let digest = manifestDigest;
  for (let depth = 0; depth < MAX_DEPTH; depth += 1) {
    const parsed = parseManifestOrIndex(await readDocument(blobs, digest));
    if (parsed.kind === "manifest") return { manifest: parsed, digest };
    digest = choosePlatform(parsed.manifests, platform).digest;
  }
  const text = `Cannot import ${manifestDigest}: an index within an index within an index`;
  throw new ImageError("MANIFEST_INVALID", `${text}; name the digest of the manifest`);
}

async function readConfig(
  { blobs }: BuildStore,
  { config, layers }: Manifest,
  wanted: Platform,
): Promise<ConfigDocument> {
  if (
    !/^application\/vnd\.(oci\.image\.config|docker\.container\.image)\.v1\+json$/.test(
      config.mediaType,
    )
  ) {
    const text = `Cannot import the image: its config is of type ${config.mediaType}`;
    throw new ImageError(
      "MANIFEST_INVALID",
      `${text}; it is something else than a container image`,
    );
  }
  const document = parseConfigDocument(await readDocument(blobs, config.digest));
  const found = pickPlatform(document);
  if (found.architecture !== "" && !isPlatform(found, wanted))
    throw platformMissing(wanted, [found]);
  if (document.diffIds.length === layers.length) return document;
  const counts = `${layers.length} layers, but ${document.diffIds.length} in its config`;
  throw new ImageError("MANIFEST_INVALID", `Cannot import the image: ${counts}; fetch it anew`);
}

interface ImageParts {
  readonly manifest: Manifest;
  readonly document: ConfigDocument;
}

/** @returns the names of the layers, lowest first */
async function unpackAll(
  store: BuildStore,
  { manifest, document }: ImageParts,
  options: ImportOptions,
): Promise<readonly string[]> {
  const layers = new Map<string, Descriptor>();
  document.diffIds.forEach((diffId, index) => {
    const descriptor = manifest.layers[index];
    // Of a layer that comes twice, the upper one hides all of the lower; an overlay refuses both.
    layers.delete(diffId);
    if (descriptor !== undefined) layers.set(diffId, descriptor);
  });
  await forEachAtOnce([...layers], LAYERS_AT_ONCE, async ([diffId, descriptor]) => {
    if ((await store.layers.get(nameOf(diffId))) === undefined) {
      await addLayer(store, { diffId, descriptor }, options);
    }
  });
  return [...layers.keys()].map(nameOf);
}

interface WantedLayer {
  readonly diffId: string;
  readonly descriptor: Descriptor;
}

async function addLayer(
  store: BuildStore,
  { diffId, descriptor }: WantedLayer,
  { limits, onNote }: ImportOptions,
): Promise<void> {
  const { digest, mediaType, size } = descriptor;
  const blob = await store.blobs.open(digest);
  const draftDir = await store.layers.createDraft();
  try {
    const unpacked = await unpackLayer(blob, mediaType, draftDir, limits);
    await checkDigests(store, unpacked, { diffId, descriptor });
    const { unpackedBytes, opaque, withoutAttributes } = unpacked;
    if (withoutAttributes.length > 0) {
      onNote?.(`extended attributes are not kept, as of ${withoutAttributes.join(", ")}`);
    }
    const layer = await store.layers.add(nameOf(diffId), draftDir, { kind: "unique", opaque });
    const packing = { digest, sizeBytes: size, mediaType, diffId, unpackedBytes };
    await recordPacking(layer.directory, { ...packing, recipe: ORIGINAL_RECIPE });
  } finally {
    await rm(draftDir, { recursive: true, force: true }); // moved away unless it failed
  }
}

async function checkDigests(
  { blobs }: BuildStore,
  unpacked: { readonly digest: string; readonly diffId: string },
  { diffId, descriptor }: WantedLayer,
): Promise<void> {
  if (unpacked.digest !== descriptor.digest) {
    await blobs.remove(descriptor.digest); // or it would be taken for present again
    const text = `Cannot unpack layer ${descriptor.digest}: its file has changed and is`;
    throw new ImageError("DIGEST_MISMATCH", `${text} ${unpacked.digest} now; pull the image anew`);
  }
  if (unpacked.diffId === diffId) return;
  const text = `Cannot unpack layer ${descriptor.digest}: its files are ${unpacked.diffId}, but`;
  throw new ImageError("DIGEST_MISMATCH", `${text} its config says ${diffId}; build it anew`);
}

function nameOf(diffId: string): string {
  return diffId.slice("sha256:".length);
}
