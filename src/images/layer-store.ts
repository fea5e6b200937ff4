import { randomBytes } from "node:crypto";
import { mkdirSync, renameSync, writeFileSync } from "node:fs";
import { readdir, rm, stat } from "node:fs/promises";
import { basename, dirname, join } from "node:path";

import { collectDrafts } from "./collect-drafts.ts";
import type { LayerOwners } from "./layer/layer-owners.ts";
import { measureTree } from "./layer/measure-tree.ts";
import { markUsed, usedAtMsOf } from "./mark-used.ts";
import { readSmallFile } from "./read-small-file.ts";
import { isCount, isJsonObject, isTexts } from "./oci/json-fields.ts";
import { toDiskFull } from "./oci/to-disk-full.ts";

/** One stored layer. */
export interface Layer {
  /** Its directory's name in the store; the key it was stored under. */
  readonly name: string;
  /** The unpacked files. */
  readonly directory: string;
  readonly sizeBytes: number;
  /** Directories (from the root, no leading slash) that hide what lies under them. */
  readonly opaque: readonly string[];
  /** Owners that the files cannot have on this machine. */
  readonly owners?: LayerOwners;
}

/** How {@link LayerStore.add} stores a layer. */
export interface AddLayerOptions {
  /** "cache": may be found again by its key, so it stays a while when no image uses it. */
  readonly kind: "cache" | "unique";
  readonly opaque?: readonly string[];
  readonly owners?: LayerOwners;
}

/** A layer as the store lists it. */
export interface StoredLayer {
  readonly name: string;
  readonly sizeBytes: number;
  /** When it was last asked for. */
  readonly usedAtMs: number;
}

/** Unpacked layers, each in a directory of its own that appears whole or not at all. */
export interface LayerStore {
  /** Where builds keep what makes the next one faster; nothing in it is needed. */
  readonly cacheDir: string;
  /** @returns undefined when no layer has that name */
  get(name: string): Promise<Layer | undefined>;
  /** Makes an empty directory on the same file system, to fill and then {@link add}. */
  createDraft(): Promise<string>;
  /** Takes a filled directory in. When the name is there already, that one stays. */
  add(name: string, draftDir: string, options: AddLayerOptions): Promise<Layer>;
  /** Says where the files of a layer are. */
  directoryOf(name: string): string;
  /** The name of the layer whose files are in a directory. */
  nameOf(directory: string): string;
  /** Lists every layer, without it counting as asked for. */
  list(): Promise<readonly StoredLayer[]>;
  /** Removes one layer, unless it was asked for after a time. */
  removeUnused(name: string, unusedSinceMs: number): Promise<void>;
  /** Removes one layer now, unless it may be found again by its key. */
  removeUnique(name: string): Promise<void>;
  /** Removes layers that are not in `used` and were last asked for before a time. */
  collect(used: ReadonlySet<string>, unusedSinceMs: number): Promise<void>;
}

const META_FILE = "layer.json";

/** Opens the layers in a directory; makes it when it is missing. */
export async function openLayerStore(directory: string): Promise<LayerStore> {
  const layersDir = join(directory, "layers");
  const draftsDir = join(directory, "drafts");
  mkdirSync(layersDir, { recursive: true });
  mkdirSync(draftsDir, { recursive: true });
  const directoryOf = (name: string): string => join(layersDir, name, "fs");
  const get = (name: string): Promise<Layer | undefined> =>
    readLayer(layersDir, name, directoryOf(name));
  return {
    cacheDir: join(directory, "build-cache"),
    get,
    directoryOf,
    nameOf: (fsDir) => basename(dirname(fsDir)),
    createDraft: () => createDraft(draftsDir),
    add: async (name, draftDir, options) => {
      const wrapper = await createDraft(draftsDir);
      try {
        renameSync(draftDir, join(wrapper, "fs"));
        const meta = await writeMeta(wrapper, options);
        await renameUnlessThere(wrapper, join(layersDir, name));
        return { name, directory: directoryOf(name), ...facts(meta) };
      } catch (error) {
        await rm(wrapper, { recursive: true, force: true });
        throw toDiskFull(error, draftsDir);
      }
    },
    list: () => listLayers(layersDir),
    removeUnused: (name, unusedSinceMs) => removeUnused(join(layersDir, name), unusedSinceMs),
    removeUnique: async (name) => {
      const layerDir = join(layersDir, name);
      if ((await readMeta(layerDir))?.kind !== "unique") return;
      await rm(layerDir, { recursive: true, force: true });
    },
    collect: async (used, unusedSinceMs) => {
      await collectLayers(layersDir, used, unusedSinceMs);
      await collectDrafts(draftsDir);
    },
  };
}

async function createDraft(draftsDir: string): Promise<string> {
  const draft = join(draftsDir, randomBytes(8).toString("hex"));
  mkdirSync(draft, { mode: 0o755 });
  return draft;
}

async function writeMeta(wrapper: string, options: AddLayerOptions): Promise<LayerMeta> {
  const sizeBytes = await measureTree(join(wrapper, "fs"));
  const { kind, opaque = [], owners } = options;
  const meta: LayerMeta = { kind, sizeBytes, opaque, ...(owners !== undefined && { owners }) };
  writeFileSync(join(wrapper, META_FILE), JSON.stringify(meta));
  return meta;
}

interface LayerMeta {
  readonly kind: "cache" | "unique";
  readonly sizeBytes: number;
  readonly opaque: readonly string[];
  readonly owners?: LayerOwners;
}

function facts({ sizeBytes, opaque, owners }: LayerMeta): Omit<Layer, "name" | "directory"> {
  return { sizeBytes, opaque, ...(owners !== undefined && { owners }) };
}

async function readLayer(
  layersDir: string,
  name: string,
  directory: string,
): Promise<Layer | undefined> {
  const meta = await readMeta(join(layersDir, name));
  if (meta === undefined) return undefined;
  markUsed(join(layersDir, name, META_FILE));
  return { name, directory, ...facts(meta) };
}

async function readMeta(layerDir: string): Promise<LayerMeta | undefined> {
  const text = readSmallFile(join(layerDir, META_FILE));
  if (text === undefined) return undefined;
  const value: unknown = JSON.parse(text);
  return isLayerMeta(value) ? value : undefined;
}

function isLayerMeta(value: unknown): value is LayerMeta {
  return (
    isJsonObject(value) &&
    (value["kind"] === "cache" || value["kind"] === "unique") &&
    typeof value["sizeBytes"] === "number" &&
    isTexts(value["opaque"]) &&
    (value["owners"] === undefined || isOwners(value["owners"]))
  );
}

function isOwners(value: unknown): value is LayerOwners {
  if (!isJsonObject(value)) return false;
  return Object.values(value).every(
    (owner) => isJsonObject(owner) && isCount(owner["uid"]) && isCount(owner["gid"]),
  );
}

async function listLayers(layersDir: string): Promise<readonly StoredLayer[]> {
  const layers: StoredLayer[] = [];
  for (const name of await readdir(layersDir)) {
    const meta = await readMeta(join(layersDir, name));
    const stats = await stat(join(layersDir, name, META_FILE)).catch(() => undefined);
    if (meta === undefined || stats === undefined) continue; // removed meanwhile
    layers.push({ name, sizeBytes: meta.sizeBytes, usedAtMs: usedAtMsOf(stats) });
  }
  return layers;
}

async function renameUnlessThere(source: string, target: string): Promise<void> {
  try {
    renameSync(source, target);
  } catch (error) {
    const isThere = await stat(target).catch(() => undefined);
    if (isThere === undefined) throw error;
    await rm(source, { recursive: true, force: true }); // another build made the same layer first
  }
}

async function collectLayers(
  layersDir: string,
  used: ReadonlySet<string>,
  unusedSinceMs: number,
): Promise<void> {
  for (const name of await readdir(layersDir)) {
    if (!used.has(name)) await removeUnused(join(layersDir, name), unusedSinceMs);
  }
}

async function removeUnused(layerDir: string, unusedSinceMs: number): Promise<void> {
  const metaStat = await stat(join(layerDir, META_FILE)).catch(() => undefined);
  if (metaStat !== undefined && usedAtMsOf(metaStat) > unusedSinceMs) return;
  await rm(layerDir, { recursive: true, force: true });
}
