import { readFile } from "node:fs/promises";

import type { ImageRecord } from "./image-record.ts";
import type { LayerStore } from "./layer-store.ts";
import { readPackings } from "./oci/layer-packing.ts";
import type { DiskBlobStore } from "./oci/open-blob-store.ts";
import { parseManifest } from "./oci/parse-manifest.ts";

/** What takes space in a store. */
export interface StoreParts {
  readonly layers: LayerStore;
  readonly blobs: DiskBlobStore;
}

/** How unused things are removed. */
export interface RemoveUnusedOptions {
  /** "list" only tells what would be removed (default: "list"). */
  readonly mode?: "list" | "remove";
  /**
   * What was asked for since stays, in milliseconds (default: one hour): a build under way has
   * layers that no image uses yet.
   */
  readonly unusedForMs?: number;
  /** Images by their id or manifest, and blobs, that stay though nothing here needs them. */
  readonly keptDigests?: ReadonlySet<string>;
}

/** Something that no named image needs. */
export interface UnusedItem {
  readonly kind: "image" | "layer" | "blob";
  /** The image's id, the layer's name or the blob's digest. */
  readonly name: string;
  /** What it takes on the disk; 0 for an image, whose layers are listed by themselves. */
  readonly sizeBytes: number;
}

/** What a store takes on the disk. */
export interface StoreUsage {
  /** Of unpacked layers. */
  readonly layersBytes: number;
  /** Of packed layers, configs and manifests. */
  readonly blobsBytes: number;
}

/** @returns the names of all layers that images use */
export function layersOf(records: readonly ImageRecord[]): ReadonlySet<string> {
  return new Set(records.flatMap((record) => record.layers));
}

/** @returns the digests of all blobs that images were imported from or packed into */
export async function findBlobs(
  { layers, blobs }: StoreParts,
  records: readonly ImageRecord[],
): Promise<ReadonlySet<string>> {
  const found = new Set<string>();
  const manifests = new Set(records.flatMap(({ origin }) => origin?.manifestDigest ?? []));
  for (const digest of manifests) {
    for (const part of await partsOf(digest, blobs)) found.add(part);
  }
  for (const name of layersOf(records)) {
    for (const { digest } of await readPackings(layers.directoryOf(name))) found.add(digest);
  }
  return found;
}

/** @returns the digest of a manifest, and of what it names */
async function partsOf(digest: string, blobs: DiskBlobStore): Promise<readonly string[]> {
  const text = await readFile(blobs.pathOf(digest), "utf8").catch(() => undefined);
  const manifest = text === undefined ? undefined : readManifest(text);
  if (manifest === undefined) return [digest]; // lost or damaged: its image is packed anew
  return [digest, ...[manifest.config, ...manifest.layers].map((blob) => blob.digest)];
}

function readManifest(text: string): ReturnType<typeof parseManifest> | undefined {
  try {
    return parseManifest(text);
  } catch {
    return undefined; // the caller says what follows
  }
}

/** Removes blobs that no image needs and nobody asked for since a time. */
export async function collectBlobs(
  parts: StoreParts,
  records: readonly ImageRecord[],
  unusedSinceMs: number,
): Promise<void> {
  const unused = { unusedSinceMs, keptDigests: new Set<string>() };
  for (const { digest } of await findUnusedBlobs(parts, records, unused)) {
    await parts.blobs.removeUnused(digest, unusedSinceMs);
  }
  await parts.blobs.collectDrafts();
}

/** What may go. */
export interface UnusedBound extends Required<Pick<RemoveUnusedOptions, "keptDigests">> {
  /** What was asked for later stays. */
  readonly unusedSinceMs: number;
}

/** @returns layers and blobs that no image needs and nobody asked for since a time */
export async function findUnused(
  parts: StoreParts,
  records: readonly ImageRecord[],
  bound: UnusedBound,
): Promise<readonly UnusedItem[]> {
  const used = layersOf(records);
  const layers = (await parts.layers.list())
    .filter(({ name, usedAtMs }) => !used.has(name) && usedAtMs <= bound.unusedSinceMs)
    .map(({ name, sizeBytes }) => ({ kind: "layer", name, sizeBytes }) as const);
  const blobs = (await findUnusedBlobs(parts, records, bound)).map(
    ({ digest, sizeBytes }) => ({ kind: "blob", name: digest, sizeBytes }) as const,
  );
  return [...layers, ...blobs];
}

/** Sums up what layers and blobs take. */
export async function measureUsage({ layers, blobs }: StoreParts): Promise<StoreUsage> {
  const sum = (items: readonly { readonly sizeBytes: number }[]): number =>
    items.reduce((total, { sizeBytes }) => total + sizeBytes, 0);
  return { layersBytes: sum(await layers.list()), blobsBytes: sum(await blobs.list()) };
}

async function findUnusedBlobs(
  parts: StoreParts,
  records: readonly ImageRecord[],
  { unusedSinceMs, keptDigests }: UnusedBound,
): ReturnType<DiskBlobStore["list"]> {
  const old = (await parts.blobs.list()).filter(({ usedAtMs }) => usedAtMs <= unusedSinceMs);
  if (old.length === 0) return [];
  const needed = new Set(await findBlobs(parts, records));
  for (const kept of keptDigests) {
    for (const digest of await partsOf(kept, parts.blobs)) needed.add(digest);
  }
  return old.filter(({ digest }) => !needed.has(digest));
}
