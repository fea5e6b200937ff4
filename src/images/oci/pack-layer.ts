import { createHash } from "node:crypto";

import type { Layer } from "../layer-store.ts";
import type { BlobStore } from "./blob-store.ts";
import { compressBlocks, defaultLevelOf } from "./compress-blocks.ts";
import {
  ORIGINAL_RECIPE,
  readPackings,
  recordPacking,
  type LayerPacking,
} from "./layer-packing.ts";
import { layerMediaTypes, type Compression } from "./media-types.ts";
import { BlockPool, packTree } from "./tar/pack-tree.ts";

/** How {@link packLayer} packs. */
export interface PackOptions {
  readonly compression: Compression;
  /** gzip: 1 to 9 (default: 4); zstd: 1 to 22 (default: 3). */
  readonly level?: number;
  /** The latest time of a file, in seconds since 1970 (default: 0). */
  readonly epochSeconds?: number;
  /** Told how far it is, by bytes of the tar. */
  readonly onProgress?: (doneBytes: number) => void;
}

/**
 * Makes the blob of a layer: a reproducible tar, compressed, in one pass and in constant memory.
 * What was packed before in the same way is found again as long as its blob is there; so is the
 * blob that a layer was imported from, whatever compression is asked for, since the registry
 * that it came from has it already.
 *
 * @throws {ImageError} IMAGE_UNFIT for a name that no layer can hold or a compression that this
 *   Node has not; DISK_FULL
 */
export async function packLayer(
  { blobs }: { readonly blobs: BlobStore },
  layer: Layer,
  options: PackOptions,
): Promise<LayerPacking> {
  const { compression, epochSeconds = 0, level = defaultLevelOf(compression) } = options;
  const recipe = `${compression}:${level}:${epochSeconds}`;
  const known = await findPacking(blobs, layer, recipe);
  if (known !== undefined) return known;
  const pool = new BlockPool();
  const onUsed = (block: Buffer): void => pool.give(block);
  const tar = new HashedTar(packTree(layer, epochSeconds, pool), options.onProgress);
  const parts = compressBlocks(tar.blocks(), { compression, level, onUsed });
  // No stream, which would ask for a part while the one before is written: its memory is used again.
  const identity = await blobs.write(parts);
  const packing = { ...identity, ...tar.finish(), recipe, mediaType: layerMediaTypes[compression] };
  await recordPacking(layer.directory, packing);
  return packing;
}

async function findPacking(
  blobs: BlobStore,
  layer: Layer,
  recipe: string,
): Promise<LayerPacking | undefined> {
  const packings = await readPackings(layer.directory);
  for (const wanted of [ORIGINAL_RECIPE, recipe]) {
    const packing = packings.find((candidate) => candidate.recipe === wanted);
    if (packing === undefined) continue;
    if ((await blobs.stat(packing.digest)) === packing.sizeBytes) return packing;
  }
  return undefined;
}

/** A tar that is hashed as it passes. */
class HashedTar {
  readonly #hash = createHash("sha256");
  readonly #source: Iterable<Buffer>;
  readonly #onProgress: ((doneBytes: number) => void) | undefined;
  #sizeBytes = 0;

  constructor(source: Iterable<Buffer>, onProgress: ((doneBytes: number) => void) | undefined) {
    this.#source = source;
    this.#onProgress = onProgress;
  }

  *blocks(): Generator<Buffer> {
    for (const block of this.#source) {
      this.#hash.update(block);
      this.#sizeBytes += block.length;
      yield block;
      this.#onProgress?.(this.#sizeBytes);
    }
  }

  finish(): { readonly diffId: string; readonly unpackedBytes: number } {
    return { diffId: `sha256:${this.#hash.digest("hex")}`, unpackedBytes: this.#sizeBytes };
  }
}
