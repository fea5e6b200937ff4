import { createHash, randomBytes } from "node:crypto";
import { mkdir, readdir, readFile, rm, stat, utimes } from "node:fs/promises";
import { join } from "node:path";

import { ImageError } from "./image-error.ts";
import { parseImageRecord, type ImageRecord } from "./image-record.ts";
import { normalizeReference } from "./image-reference.ts";
import { openLayerStore, type LayerStore } from "./layer-store.ts";
import type { Platform } from "./oci/descriptor.ts";
import { writeAtomically } from "./write-atomically.ts";

/** What an image says of the process to run. */
export interface ImageConfig {
  readonly env: Readonly<Record<string, string>>;
  readonly entrypoint: readonly string[];
  readonly cmd: readonly string[];
  readonly workingDir: string;
  /** "name", "uid" or "uid:gid"; root when absent. */
  readonly user?: string;
  /** TCP ports named by EXPOSE. */
  readonly exposedPorts: readonly number[];
  readonly labels: Readonly<Record<string, string>>;
  readonly stopSignal?: string;
}

/** One image of the store. */
export interface Image {
  /** "sha256:…" of its config. */
  readonly id: string;
  readonly tags: readonly string[];
  /** Unpacked directories, lowest first. */
  readonly layers: readonly string[];
  /** What lies under the layers: the allow-list view of the host, or nothing. */
  readonly base: "host" | "none";
  /** What it runs on; this machine's when absent. */
  readonly platform?: Platform;
  readonly config: ImageConfig;
  readonly createdAtMs: number;
  /** Of the layers, without the base. */
  readonly sizeBytes: number;
  /** The id of the image that this one was committed on. */
  readonly parent?: string;
}

/** How `commit()` makes an image. */
export interface CommitOptions {
  /** A name for the new image; it is taken away from an older image of that name. */
  readonly tag?: string;
  /** What differs from the parent's config. */
  readonly config?: Partial<ImageConfig>;
}

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
  /** Stores an image over layers that are there, and names it. */
  create(image: NewImage, tag: string): Promise<Image>;
}

/** An image to store; its id comes of the other fields. */
export type NewImage = Omit<ImageRecord, "id" | "createdAtMs" | "sizeBytes">;

const DAY_MS = 24 * 3_600_000;
/** How long an image without a name, or a layer that no image uses, is kept for the cache. */
const UNUSED_KEPT_MS = 7 * DAY_MS;
/** How long a named image that nobody asked for is kept: each dev session makes a new name. */
const NAMED_KEPT_MS = 30 * DAY_MS;

/**
 * Opens the images in a directory; makes it when it is missing. Several processes may use one
 * directory at once: every record is a file of its own that is replaced whole.
 */
export async function openImageStore(directory: string): Promise<BuildStore> {
  await mkdir(directory, { recursive: true, mode: 0o700 });
  const layers = await openLayerStore(directory);
  const store = new DiskImageStore(directory, layers);
  await mkdir(store.imagesDir, { recursive: true });
  await mkdir(store.tagsDir, { recursive: true });
  await store.collect(Date.now());
  return store;
}

class DiskImageStore implements BuildStore {
  readonly layers: LayerStore;
  readonly imagesDir: string;
  readonly tagsDir: string;

  constructor(directory: string, layers: LayerStore) {
    this.layers = layers;
    this.imagesDir = join(directory, "images");
    this.tagsDir = join(directory, "tags");
  }

  async get(reference: string): Promise<Image | undefined> {
    const id = await this.#findId(reference);
    if (id === undefined) return undefined;
    const record = await this.#readRecord(id);
    if (record === undefined) return undefined;
    await touch(this.#recordPath(id));
    return this.#toImage(record, await this.#readTags());
  }

  async list(): Promise<readonly Image[]> {
    const tags = await this.#readTags();
    const records = await this.#readRecords();
    return records
      .map((record) => this.#toImage(record, tags))
      .toSorted((a, b) => b.createdAtMs - a.createdAtMs);
  }

  async tag(id: string, tag: string): Promise<void> {
    if ((await this.#readRecord(id)) === undefined) {
      throw new ImageError("NO_SUCH_IMAGE", `Cannot tag image: no such image: ${id}`);
    }
    await writeAtomically(this.#tagPath(normalizeReference(tag)), id);
  }

  async remove(reference: string): Promise<boolean> {
    const image = await this.get(reference);
    if (image === undefined) return false;
    const isById = /^(sha256:)?[0-9a-f]{12,64}$/.test(reference) && !image.tags.includes(reference);
    const names = isById ? image.tags : [normalizeReference(reference)];
    for (const name of names) await rm(this.#tagPath(name), { force: true });
    if (image.tags.every((tag) => names.includes(tag))) await this.#removeRecord(image.id);
    return true;
  }

  async commit(parent: Image, layerDir: string, options: CommitOptions): Promise<Image> {
    const parentRecord = await this.#readRecord(parent.id);
    if (parentRecord === undefined) {
      throw new ImageError("NO_SUCH_IMAGE", `Cannot commit on image: no such image: ${parent.id}`);
    }
    const name = randomBytes(12).toString("hex");
    await this.layers.add(name, layerDir, { kind: "unique" });
    const config = { ...parentRecord.config, ...options.config };
    const layers = [...parentRecord.layers, name];
    const { base, platform } = parentRecord;
    return this.create(
      { layers, base, config, parent: parent.id, ...(platform !== undefined && { platform }) },
      options.tag,
    );
  }

  async create(image: NewImage, tag?: string): Promise<Image> {
    const id = `sha256:${createHash("sha256").update(stableJson(image)).digest("hex")}`;
    const known = await this.#readRecord(id);
    const record = known ?? (await this.#toRecord(id, image));
    await writeAtomically(this.#recordPath(id), JSON.stringify(record));
    if (tag !== undefined) await this.tag(id, tag);
    return this.#toImage(record, await this.#readTags());
  }

  /** Removes what was long unused. The only place where the cache shrinks. */
  async collect(nowMs: number): Promise<void> {
    const tags = await this.#readTags();
    for (const record of await this.#readRecords()) {
      const names = tags.get(record.id) ?? [];
      const keptMs = names.length > 0 ? NAMED_KEPT_MS : UNUSED_KEPT_MS;
      const stats = await stat(this.#recordPath(record.id)).catch(() => undefined);
      if (stats === undefined || stats.mtimeMs > nowMs - keptMs) continue;
      for (const name of names) await rm(this.#tagPath(name), { force: true });
      await rm(this.#recordPath(record.id), { force: true });
    }
    await this.layers.collect(await this.#usedLayers(), nowMs - UNUSED_KEPT_MS);
  }

  async #toRecord(id: string, image: NewImage): Promise<ImageRecord> {
    const layers = await Promise.all(image.layers.map((name) => this.layers.get(name)));
    const sizeBytes = layers.reduce((sum, layer) => sum + (layer?.sizeBytes ?? 0), 0);
    return { ...image, id, sizeBytes, createdAtMs: Date.now() };
  }

  async #removeRecord(id: string): Promise<void> {
    const record = await this.#readRecord(id);
    await rm(this.#recordPath(id), { force: true });
    const used = await this.#usedLayers();
    for (const name of record?.layers ?? []) {
      if (!used.has(name)) await this.layers.removeUnique(name);
    }
  }

  async #usedLayers(): Promise<ReadonlySet<string>> {
    return new Set((await this.#readRecords()).flatMap((record) => record.layers));
  }

  async #findId(reference: string): Promise<string | undefined> {
    const digits = /^(?:sha256:)?([0-9a-f]{12,64})$/.exec(reference)?.[1];
    if (digits !== undefined) {
      const files = await readdir(this.imagesDir);
      const file = files.find((name) => name.startsWith(digits) && name.endsWith(".json"));
      if (file !== undefined) return `sha256:${file.slice(0, -".json".length)}`;
      if (reference.startsWith("sha256:")) return undefined;
    }
    const tagPath = this.#tagPath(normalizeReference(reference));
    return readFile(tagPath, "utf8").catch(() => undefined);
  }

  async #readRecords(): Promise<readonly ImageRecord[]> {
    const files = (await readdir(this.imagesDir)).filter((name) => name.endsWith(".json"));
    const records = await Promise.all(
      files.map((name) => this.#readRecord(`sha256:${name.slice(0, -".json".length)}`)),
    );
    return records.filter((record) => record !== undefined);
  }

  async #readRecord(id: string): Promise<ImageRecord | undefined> {
    if (!/^sha256:[0-9a-f]{64}$/.test(id)) return undefined;
    const text = await readFile(this.#recordPath(id), "utf8").catch(() => undefined);
    return text === undefined ? undefined : parseImageRecord(text);
  }

  async #readTags(): Promise<ReadonlyMap<string, readonly string[]>> {
    const tags = new Map<string, string[]>();
    for (const file of await readdir(this.tagsDir)) {
      if (file.endsWith(".draft")) continue;
      const id = await readFile(join(this.tagsDir, file), "utf8").catch(() => undefined);
      if (id === undefined) continue;
      tags.set(id, [...(tags.get(id) ?? []), decodeURIComponent(file)]);
    }
    return tags;
  }

  #toImage(record: ImageRecord, tags: ReadonlyMap<string, readonly string[]>): Image {
    return {
      ...record,
      tags: (tags.get(record.id) ?? []).toSorted(),
      layers: record.layers.map((name) => this.layers.directoryOf(name)),
    };
  }

  #recordPath(id: string): string {
    return join(this.imagesDir, `${id.slice("sha256:".length)}.json`);
  }

  #tagPath(reference: string): string {
    return join(this.tagsDir, encodeURIComponent(reference));
  }
}

/** An image that is asked for is in use, so it is not collected. */
async function touch(path: string): Promise<void> {
  const now = new Date();
  await utimes(path, now, now).catch(() => undefined); // it may have been removed meanwhile
}

function stableJson(value: unknown): string {
  return JSON.stringify(value, (_key, inner: unknown) =>
    typeof inner === "object" && inner !== null && !Array.isArray(inner)
      ? Object.fromEntries(Object.entries(inner).toSorted(([a], [b]) => (a < b ? -1 : 1)))
      : inner,
  );
}
