import { createHash } from "node:crypto";
import { mkdirSync } from "node:fs";
import { join } from "node:path";

import type { Layer, LayerStore } from "../layer-store.ts";
import { isJsonObject, toJsonObject } from "../oci/json-fields.ts";
import { readSmallFile } from "../read-small-file.ts";
import { writeAtomically } from "../write-atomically.ts";
import { deleteOldest } from "./delete-oldest.ts";

/**
 * The files of the layer that a step made the last time, by path. A layer is never written to
 * again, so the next one of the same step links to those that are the same instead of copying them.
 * By path, so that no two files of a layer are ever one: elsewhere a layer's hard links are kept.
 */
export interface EarlierCopy {
  /** @returns the same file in the earlier layer */
  find(path: string, fingerprint: string): Promise<string | undefined>;
  /** Keeps what the new layer has for the next time. */
  save(layerName: string, files: ReadonlyMap<string, string>): Promise<void>;
}

interface CopyRecord {
  readonly layer: string;
  /** From the path in the layer to what stands for content and mode. */
  readonly files: Readonly<Record<string, string>>;
}

const MAX_RECORDS = 256;

/**
 * Opens what a step made the last time.
 *
 * @param step all that tells the step from others, besides the content of its sources
 */
export function openEarlierCopy(layers: LayerStore, step: unknown): EarlierCopy {
  const directory = join(layers.cacheDir, "copies");
  const name = createHash("sha256").update(JSON.stringify(step)).digest("hex").slice(0, 32);
  const path = join(directory, `${name}.json`);
  let earlier: Promise<Earlier> | undefined; // a step that is cached asks for nothing
  return {
    find: async (file, fingerprint) => {
      const { layer, files } = await (earlier ??= readEarlier(layers, path));
      const isSame = Object.hasOwn(files, file) && files[file] === fingerprint;
      return layer !== undefined && isSame ? join(layer.directory, file) : undefined;
    },
    save: async (layerName, made) => {
      mkdirSync(directory, { recursive: true, mode: 0o700 });
      const next: CopyRecord = { layer: layerName, files: Object.fromEntries(made) };
      await writeAtomically(path, JSON.stringify(next));
      await deleteOldest(directory, MAX_RECORDS);
    },
  };
}

interface Earlier {
  readonly layer: Layer | undefined;
  readonly files: CopyRecord["files"];
}

async function readEarlier(layers: LayerStore, path: string): Promise<Earlier> {
  const record = readRecord(path);
  const layer = record === undefined ? undefined : await layers.get(record.layer);
  return { layer, files: record?.files ?? {} };
}

/** The first time there is none; after a full disk it may be cut: then all is copied. */
function readRecord(path: string): CopyRecord | undefined {
  const value = toJsonObject(readSmallFile(path) ?? "");
  return value !== undefined && isRecord(value) ? value : undefined;
}

function isRecord(value: unknown): value is CopyRecord {
  return isJsonObject(value) && typeof value["layer"] === "string" && isJsonObject(value["files"]);
}
