import { open } from "node:fs/promises";

import { ImageError } from "../image-error.ts";
import type { BlobIdentity, BlobStore } from "./blob-store.ts";
import { sniffCompression } from "./decompress.ts";
import type { Descriptor } from "./descriptor.ts";
import { isJsonObject, isTexts, toCanonicalJson } from "./json-fields.ts";
import type { LayoutEntry } from "./layout-entry.ts";
import { layerMediaTypes, mediaTypes } from "./media-types.ts";
import { toLayerPath } from "./tar/layer-path.ts";

/**
 * Makes manifests of the images that a `docker save` archive lists: it has none.
 *
 * @param text the archive's manifest.json
 * @param files the archive's files, which are in the store
 * @throws {ImageError} MANIFEST_INVALID; BLOB_NOT_FOUND when a file is missing
 */
export async function readDockerManifest(
  blobs: BlobStore,
  text: string,
  files: ReadonlyMap<string, BlobIdentity>,
): Promise<readonly LayoutEntry[]> {
  const entries: LayoutEntry[] = [];
  for (const image of parseImages(text)) {
    const config = toDescriptor(mediaTypes.config, fileOf(files, image.config));
    const layers: Descriptor[] = [];
    for (const name of image.layers) layers.push(await toLayer(blobs, fileOf(files, name)));
    const body = { schemaVersion: 2, mediaType: mediaTypes.manifest, config, layers };
    const identity = await blobs.write(Buffer.from(toCanonicalJson(body)));
    const manifest = toDescriptor(mediaTypes.manifest, identity);
    if (image.references.length === 0) entries.push({ manifest });
    for (const reference of image.references) entries.push({ manifest, reference });
  }
  return entries;
}

interface DockerImage {
  readonly config: string;
  readonly layers: readonly string[];
  readonly references: readonly string[];
}

function parseImages(text: string): readonly DockerImage[] {
  const value = parseJson(text);
  if (!Array.isArray(value)) throw invalid("it is no list");
  return value.map((item: unknown) => {
    if (!isJsonObject(item)) throw invalid("an image is no object");
    const { Config: config, Layers: layers, RepoTags: tags } = item;
    if (typeof config !== "string" || !isTexts(layers)) throw invalid("an image has no files");
    return { config, layers, references: isTexts(tags) ? tags : [] };
  });
}

function parseJson(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch (cause) {
    throw invalid("it is no JSON", cause);
  }
}

function fileOf(files: ReadonlyMap<string, BlobIdentity>, name: string): BlobIdentity {
  const file = files.get(toLayerPath(name));
  if (file !== undefined) return file;
  const text = `Cannot read the archive: it names ${JSON.stringify(name)}, which it does not hold`;
  throw new ImageError("BLOB_NOT_FOUND", `${text}; make it anew`);
}

async function toLayer(blobs: BlobStore, identity: BlobIdentity): Promise<Descriptor> {
  const file = await open(blobs.pathOf(identity.digest));
  try {
    const { buffer, bytesRead } = await file.read(Buffer.alloc(4), 0, 4, 0);
    const compression = sniffCompression(buffer.subarray(0, bytesRead));
    return toDescriptor(layerMediaTypes[compression], identity);
  } finally {
    await file.close();
  }
}

function toDescriptor(mediaType: string, { digest, sizeBytes }: BlobIdentity): Descriptor {
  return { mediaType, digest, size: sizeBytes };
}

function invalid(reason: string, cause?: unknown): ImageError {
  const text = `Cannot read manifest.json of the archive: ${reason}; make the archive anew`;
  return new ImageError("MANIFEST_INVALID", text, { cause });
}
