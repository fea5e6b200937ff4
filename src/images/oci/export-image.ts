import { isDeepStrictEqual } from "node:util";

import { forEachAtOnce } from "../for-each-at-once.ts";
import type { Image } from "../image.ts";
import { ImageError } from "../image-error.ts";
import type { BuildStore } from "../image-store.ts";
import type { Layer } from "../layer-store.ts";
import { parseConfigDocument, type ConfigDocument } from "./config-document.ts";
import type { Descriptor, OciImage, Platform } from "./descriptor.ts";
import { toCanonicalJson } from "./json-fields.ts";
import type { LayerPacking } from "./layer-packing.ts";
import { compressionOf, layerMediaTypes, mediaTypes } from "./media-types.ts";
import { packLayer, type PackOptions } from "./pack-layer.ts";
import { parseManifest, type Manifest } from "./parse-manifest.ts";
import { hostPlatform, pickPlatform } from "./platform.ts";
import { readDocument } from "./read-document.ts";
import { readSourceDateEpoch } from "./source-date-epoch.ts";
import { writeConfig } from "./write-config.ts";

/** How far one layer is packed. */
export interface PackProgress {
  /** The layer's name in the store. */
  readonly layer: string;
  readonly doneBytes: number;
  /** Of the layer's files: a tar is a little longer. */
  readonly totalBytes: number;
}

/** How {@link exportImage} makes the blobs. */
export interface ExportOptions extends Omit<PackOptions, "onProgress"> {
  /** What it runs on (default: that of the image below, or of this machine). */
  readonly platform?: Platform;
  /** Told of each layer as it is packed. */
  readonly onProgress?: (progress: PackProgress) => void;
}

/** Each has several blocks in the thread pool already. */
const LAYERS_AT_ONCE = 2;

/**
 * Makes an image of the image specification: packed layers, a config and a manifest, all in the
 * store's blobs. The same image gives the same digests on any machine. One that was imported and
 * not changed keeps its manifest, byte for byte; layers that were imported keep their blobs.
 *
 * `epochSeconds` is SOURCE_DATE_EPOCH of the environment by default, or else 0.
 *
 * @throws {ImageError} HOST_BASED for an image over this machine's own files; IMAGE_UNFIT for a
 *   file that no layer can hold; BLOB_NOT_FOUND when a layer was removed; DISK_FULL
 */
export async function exportImage(
  store: BuildStore,
  image: Image,
  options: ExportOptions,
): Promise<OciImage> {
  if (image.base === "host") throw hostBased(image);
  const base = await readBase(store, image);
  const original = base === undefined ? undefined : await findOriginal(store, image, base);
  if (original !== undefined) return original;
  const epochSeconds = options.epochSeconds ?? readSourceDateEpoch();
  const packings = await packAll(store, image, { ...options, epochSeconds });
  const config = writeConfig({
    config: image.config,
    platform: options.platform ?? platformOf(image, base),
    diffIds: packings.map(({ diffId }) => diffId),
    epochSeconds,
    history: image.history ?? [],
    base: base === undefined ? undefined : { ...base, layerCount: base.manifest.layers.length },
  });
  return writeImage(store, config, packings);
}

function platformOf(image: Image, base: Base | undefined): Platform {
  if (image.platform !== undefined) return image.platform;
  return pickPlatform(base?.document ?? hostPlatform);
}

/** What an image was imported as, or stands on. */
interface Base {
  readonly manifest: Manifest;
  readonly manifestDigest: string;
  readonly manifestBytes: number;
  readonly document: ConfigDocument;
}

/** @returns undefined also when the documents are lost: then the layers alone are exported */
async function readBase({ blobs }: BuildStore, { origin }: Image): Promise<Base | undefined> {
  if (origin === undefined) return undefined;
  const { manifestDigest } = origin;
  try {
    const text = await readDocument(blobs, manifestDigest);
    const manifest = parseManifest(text);
    const document = parseConfigDocument(await readDocument(blobs, manifest.config.digest));
    return { manifest, manifestDigest, manifestBytes: Buffer.byteLength(text), document };
  } catch (error) {
    if (error instanceof ImageError) return undefined;
    throw error;
  }
}

/** @returns the image as it was imported, when it is unchanged and all of it is still there */
async function findOriginal(
  { blobs }: BuildStore,
  image: Image,
  { manifest, manifestDigest, manifestBytes, document }: Base,
): Promise<OciImage | undefined> {
  if (image.origin?.layerCount !== image.layers.length) return undefined;
  if (!isDeepStrictEqual(document.config, image.config)) return undefined;
  for (const { digest, size } of manifest.layers) {
    if ((await blobs.stat(digest)) !== size) return undefined;
  }
  const { mediaType, config, layers } = manifest;
  return { manifest: { mediaType, digest: manifestDigest, size: manifestBytes }, config, layers };
}

async function packAll(
  store: BuildStore,
  image: Image,
  { onProgress, ...options }: ExportOptions,
): Promise<readonly LayerPacking[]> {
  const packings: LayerPacking[] = [];
  await forEachAtOnce([...image.layers.entries()], LAYERS_AT_ONCE, async ([index, directory]) => {
    const layer = await findLayer(store, directory);
    const { name, sizeBytes: totalBytes } = layer;
    packings[index] = await packLayer(store, layer, {
      ...options,
      onProgress: (doneBytes) => onProgress?.({ layer: name, doneBytes, totalBytes }),
    });
  });
  return packings;
}

async function findLayer({ layers }: BuildStore, directory: string): Promise<Layer> {
  const name = layers.nameOf(directory);
  const layer = await layers.get(name);
  if (layer !== undefined) return layer;
  const text = `Cannot export the image: its layer ${name} was removed`;
  throw new ImageError("BLOB_NOT_FOUND", `${text}; build or pull it anew`);
}

async function writeImage(
  { blobs }: BuildStore,
  configJson: unknown,
  packings: readonly LayerPacking[],
): Promise<OciImage> {
  const write = async (mediaType: string, value: unknown): Promise<Descriptor> => {
    const { digest, sizeBytes } = await blobs.write(Buffer.from(toCanonicalJson(value)));
    return { mediaType, digest, size: sizeBytes };
  };
  const config = await write(mediaTypes.config, configJson);
  const layers = packings.map(toLayerDescriptor);
  const body = { schemaVersion: 2, mediaType: mediaTypes.manifest, config, layers };
  return { manifest: await write(mediaTypes.manifest, body), config, layers };
}

/** Docker's media types mean the same bytes, but do not belong into this manifest. */
function toLayerDescriptor({ mediaType, digest, sizeBytes }: LayerPacking): Descriptor {
  const compression = compressionOf(mediaType);
  const known = compression === undefined ? mediaType : layerMediaTypes[compression];
  return { mediaType: known, digest, size: sizeBytes };
}

function hostBased({ tags, id }: Image): ImageError {
  return new ImageError(
    "HOST_BASED",
    `Cannot export image ${tags[0] ?? id}: it lies over this machine's own programs and ` +
      "libraries, which no image can carry; build FROM scratch, from a local OCI layout or " +
      "archive, or from an image that was pulled",
  );
}
