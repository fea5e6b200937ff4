import { randomBytes } from "node:crypto";
import { mkdirSync } from "node:fs";
import { join } from "node:path";

import { atMostHourly } from "./at-most-hourly.ts";
import { BusyMarks } from "./busy-marks.ts";
import { ImageError } from "./image-error.ts";
import type { Image, ImageOrigin } from "./image.ts";
import type { CommitOptions } from "./commit-options.ts";
import type { ImageRecord } from "./image-record.ts";
import { normalizeReference } from "./image-reference.ts";
import { findOpaque } from "./layer/find-opaque.ts";
import { RootTree } from "./layer/root-tree.ts";
import { openLayerStore, type LayerStore } from "./layer-store.ts";
import type { BlobStore } from "./oci/blob-store.ts";
import { digestOf } from "./oci/digest.ts";
import { toCanonicalJson } from "./oci/json-fields.ts";
import { openBlobStore, type DiskBlobStore } from "./oci/open-blob-store.ts";
import { RecordFiles } from "./record-files.ts";
import {
  collectBlobs,
  findBlobs,
  findUnused,
  layersOf,
  measureUsage,
  type RemoveUnusedOptions,
  type StoreParts,
  type StoreUsage,
  type UnusedBound,
  type UnusedItem,
} from "./store-garbage.ts";
import { TagFiles } from "./tag-files.ts";

export type { Image, ImageConfig } from "./image.ts";

/** Images on this machine: unpacked layers and JSON records in one directory. */
export interface ImageStore {
  /**
   * Finds an image.
   *
   * @param reference a tag, a bare name (that is "name:latest"), an id or at least 12 digits of it
   */
  get(reference: string): Promise<Image | undefined>;
  /** Lists every image, newest first. */
  list(): Promise<readonly Image[]>;
  /**
   * Names an image; an older image of that name loses the name.
   *
   * @throws {ImageError} NO_SUCH_IMAGE when the id is unknown
   */
  tag(id: string, tag: string): Promise<void>;
  /**
   * Takes a tag away, and the image with its last tag; an id removes the image with all its tags.
   *
   * @returns false when there was no such image
   */
  remove(reference: string): Promise<boolean>;
  /**
   * Stores a layer on top of an image.
   *
   * @param layerDir moved into the store
   */
  commit(parent: Image, layerDir: string, options: CommitOptions): Promise<Image>;
}

/** What a build needs of the store besides images. */
export interface BuildStore extends ImageStore {
  /** The layers below the images. */
  readonly layers: LayerStore;
  /** What images are packed into, and imported from. */
  readonly blobs: BlobStore;
  /**
   * Stores an image over layers that are there, and names it.
   *
   * @param origin of the image that it was built on; not what the image is, so not in its id
   */
  create(image: NewImage, tag?: string, origin?: ImageOrigin): Promise<Image>;
  /**
   * Keeps what is asked for from now on from being removed by others, in this process or another,
   * until that is disposed of: blobs come and are read before an image has them.
   */
  hold(): Promise<AsyncDisposable>;
  /** Tells which images have no name, and which layers and blobs no image needs; removes them. */
  removeUnused(options?: RemoveUnusedOptions): Promise<readonly UnusedItem[]>;
  /** Tells what the store takes on the disk. */
  usage(): Promise<StoreUsage>;
}

/** An image to store; its id comes of the other fields. */
export type NewImage = Omit<ImageRecord, "id" | "createdAtMs" | "sizeBytes">;

/** Its time says when what was long unused was last removed. */
const COLLECTED_FILE = "collected";
const HOUR_MS = 3_600_000;
const DAY_MS = 24 * HOUR_MS;
/** How long an image without a name, or a layer that no image uses, is kept for the cache. */
const UNUSED_KEPT_MS = 7 * DAY_MS;
/** How long a named image that nobody asked for is kept: each dev session makes a new name. */
const NAMED_KEPT_MS = 30 * DAY_MS;

/**
 * Opens the images in a directory; makes it when it is missing. Several processes may use one
 * directory at once: every record is a file of its own that is replaced whole.
 */
export async function openImageStore(directory: string): Promise<BuildStore> {
  mkdirSync(directory, { recursive: true, mode: 0o700 });
  const layers = await openLayerStore(directory);
  const blobs = await openBlobStore(join(directory, "blobs"));
  const store = new DiskImageStore(directory, { layers, blobs });
  mkdirSync(store.records.directory, { recursive: true });
  mkdirSync(store.tags.directory, { recursive: true });
  mkdirSync(store.busy.directory, { recursive: true });
  const nowMs = Date.now();
  await atMostHourly(join(directory, COLLECTED_FILE), nowMs, () => store.collect(nowMs));
  return store;
}

class DiskImageStore implements BuildStore {
  readonly layers: LayerStore;
  readonly blobs: DiskBlobStore;
  readonly records: RecordFiles;
  readonly tags: TagFiles;
  readonly busy: BusyMarks;

  constructor(directory: string, parts: StoreParts) {
    this.layers = parts.layers;
    this.blobs = parts.blobs;
    this.records = new RecordFiles(join(directory, "images"));
    this.tags = new TagFiles(join(directory, "tags"));
    this.busy = new BusyMarks(join(directory, "busy"));
  }

  async get(reference: string): Promise<Image | undefined> {
    const id = await this.#findId(reference);
    if (id === undefined) return undefined;
    const record = await this.records.read(id);
    if (record === undefined) return undefined;
    await this.records.touch(id);
    return this.#toImage(record, await this.tags.read());
  }

  async list(): Promise<readonly Image[]> {
    const tags = await this.tags.read();
    const records = await this.records.readAll();
    return records
      .map((record) => this.#toImage(record, tags))
      .toSorted((a, b) => b.createdAtMs - a.createdAtMs);
  }

  async tag(id: string, tag: string): Promise<void> {
    if ((await this.records.read(id)) === undefined) {
      throw new ImageError("NO_SUCH_IMAGE", `Cannot tag image: no such image: ${id}`);
    }
    await this.tags.write(normalizeReference(tag), id);
  }

  async remove(reference: string): Promise<boolean> {
    const image = await this.get(reference);
    if (image === undefined) return false;
    const isById = /^(sha256:)?[0-9a-f]{12,64}$/.test(reference) && !image.tags.includes(reference);
    const names = isById ? image.tags : [normalizeReference(reference)];
    for (const name of names) await this.tags.remove(name);
    if (image.tags.every((tag) => names.includes(tag))) await this.#removeRecord(image.id);
    return true;
  }

  async commit(parent: Image, layerDir: string, options: CommitOptions): Promise<Image> {
    const parentRecord = await this.records.read(parent.id);
    if (parentRecord === undefined) {
      throw new ImageError("NO_SUCH_IMAGE", `Cannot commit on image: no such image: ${parent.id}`);
    }
    const name = randomBytes(12).toString("hex");
    const below = await Promise.all(parentRecord.layers.map((layer) => this.layers.get(layer)));
    const lower = below.filter((layer) => layer !== undefined);
    const opaque = await findOpaque(layerDir, new RootTree(lower, parentRecord.base));
    await this.layers.add(name, layerDir, { kind: "unique", opaque });
    const config = { ...parentRecord.config, ...options.config };
    const layers = [...parentRecord.layers, name];
    const { base, platform, history } = parentRecord;
    const kept = {
      ...(platform !== undefined && { platform }),
      ...(history !== undefined && { history: [...history, ""] }),
    };
    const image = { layers, base, config, parent: parent.id, ...kept };
    return this.create(image, options.tag, parentRecord.origin);
  }

  async create(image: NewImage, tag?: string, origin?: ImageOrigin): Promise<Image> {
    const id = digestOf(toCanonicalJson(image));
    const inherited = origin === undefined ? {} : { origin };
    const known = await this.records.read(id);
    const record = known ?? (await this.#toRecord(id, { ...inherited, ...image }));
    await this.records.write(record);
    if (tag !== undefined) await this.tag(id, tag);
    return this.#toImage(record, await this.tags.read());
  }

  /** Removes what was long unused. The only place where the cache shrinks. */
  async collect(nowMs: number): Promise<void> {
    const tags = await this.tags.read();
    for (const record of await this.records.readAll()) {
      const names = tags.get(record.id) ?? [];
      const keptMs = names.length > 0 ? NAMED_KEPT_MS : UNUSED_KEPT_MS;
      if ((await this.records.usedAtMs(record.id)) > nowMs - keptMs) continue;
      for (const name of names) await this.tags.remove(name);
      await this.records.remove(record.id);
    }
    const unusedSinceMs = nowMs - UNUSED_KEPT_MS;
    const records = await this.records.readAll();
    await this.layers.collect(layersOf(records), unusedSinceMs);
    await collectBlobs(this, records, unusedSinceMs);
  }

  hold(): Promise<AsyncDisposable> {
    return this.busy.hold();
  }

  async removeUnused(options: RemoveUnusedOptions = {}): Promise<readonly UnusedItem[]> {
    const { unusedForMs = HOUR_MS, mode = "list", keptDigests = new Set() } = options;
    const busySinceMs = await this.busy.oldestMs();
    const unusedSinceMs = Math.min(Date.now() - unusedForMs, busySinceMs);
    const bound = { unusedSinceMs, keptDigests };
    const records = await this.records.readAll();
    const unnamed = await this.#findUnnamed(records, bound);
    const kept = records.filter(({ id }) => !unnamed.has(id));
    const images = [...unnamed].map((name) => ({ kind: "image", name, sizeBytes: 0 }) as const);
    const items = [...images, ...(await findUnused(this, kept, bound))];
    if (mode === "remove") {
      for (const item of items) await this.#removeItem(item, unusedSinceMs);
    }
    return items;
  }

  usage(): Promise<StoreUsage> {
    return measureUsage(this);
  }

  async #findUnnamed(
    records: readonly ImageRecord[],
    { unusedSinceMs, keptDigests }: UnusedBound,
  ): Promise<ReadonlySet<string>> {
    const tags = await this.tags.read();
    const unnamed = new Set<string>();
    for (const { id, origin } of records) {
      const digests = [id, origin?.manifestDigest ?? ""];
      if (tags.has(id) || digests.some((digest) => keptDigests.has(digest))) continue;
      if ((await this.records.usedAtMs(id)) <= unusedSinceMs) unnamed.add(id);
    }
    return unnamed;
  }

  /** Looks again: somebody may have asked for it since it was listed. */
  async #removeItem({ kind, name }: UnusedItem, unusedSinceMs: number): Promise<void> {
    if (kind === "layer") return this.layers.removeUnused(name, unusedSinceMs);
    if (kind === "blob") return this.blobs.removeUnused(name, unusedSinceMs);
    if ((await this.records.usedAtMs(name)) <= unusedSinceMs) await this.records.remove(name);
  }

  /** An image that stands on an imported one keeps what that says and its layers do not. */
  async #toRecord(id: string, image: NewImage): Promise<ImageRecord> {
    const layers = await Promise.all(image.layers.map((name) => this.layers.get(name)));
    const sizeBytes = layers.reduce((sum, layer) => sum + (layer?.sizeBytes ?? 0), 0);
    return { ...image, id, sizeBytes, createdAtMs: Date.now() };
  }

  async #removeRecord(id: string): Promise<void> {
    const record = await this.records.read(id);
    if (record === undefined) return;
    const busySinceMs = await this.busy.oldestMs();
    const freed = await findBlobs(this, [record]);
    await this.records.remove(id);
    const others = await this.records.readAll();
    const needed = await findBlobs(this, others);
    for (const digest of freed) {
      if (!needed.has(digest)) await this.blobs.removeUnused(digest, busySinceMs);
    }
    const used = layersOf(others);
    for (const name of record.layers) if (!used.has(name)) await this.layers.removeUnique(name);
  }

  async #findId(reference: string): Promise<string | undefined> {
    const digits = /^(?:sha256:)?([0-9a-f]{12,64})$/.exec(reference)?.[1];
    if (digits !== undefined) {
      const id = await this.records.find(digits);
      if (id !== undefined) return id;
      if (reference.startsWith("sha256:")) return undefined;
    }
    return this.tags.find(normalizeReference(reference));
  }

  #toImage(record: ImageRecord, tags: ReadonlyMap<string, readonly string[]>): Image {
    return {
      ...record,
      tags: (tags.get(record.id) ?? []).toSorted(),
      layers: record.layers.map((name) => this.layers.directoryOf(name)),
    };
  }
}
