import { dirname, join } from "node:path";

import { readSmallFile } from "../read-small-file.ts";
import { writeAtomically } from "../write-atomically.ts";
import type { BlobIdentity } from "./blob-store.ts";
import { isCount, isJsonObject, toJsonObject } from "./json-fields.ts";

/** One way in which a layer was packed, and the blob that came of it. */
export interface LayerPacking extends BlobIdentity {
  /** "original" for a layer that was imported, else compression, level and epoch. */
  readonly recipe: string;
  readonly mediaType: string;
  /** "sha256:…" of the tar. */
  readonly diffId: string;
  /** Of the tar. */
  readonly unpackedBytes: number;
}

/** The recipe of a blob that came from elsewhere. */
export const ORIGINAL_RECIPE = "original";

/**
 * Reads how a layer was packed before; the record lies beside its files.
 *
 * @param layerDir the directory of the layer's files
 */
export async function readPackings(layerDir: string): Promise<readonly LayerPacking[]> {
  const text = readSmallFile(pathOf(layerDir)) ?? "";
  const packings = toJsonObject(text)?.["packings"];
  return Array.isArray(packings) ? packings.filter(isPacking) : [];
}

/** Keeps how a layer was packed; an older record of the same recipe is replaced. */
export async function recordPacking(layerDir: string, packing: LayerPacking): Promise<void> {
  const others = (await readPackings(layerDir)).filter(({ recipe }) => recipe !== packing.recipe);
  await writeAtomically(pathOf(layerDir), JSON.stringify({ packings: [...others, packing] }));
}

function pathOf(layerDir: string): string {
  return join(dirname(layerDir), "oci.json");
}

function isPacking(value: unknown): value is LayerPacking {
  if (!isJsonObject(value)) return false;
  const texts = ["recipe", "mediaType", "diffId", "digest"].map((name) => value[name]);
  const counts = ["unpackedBytes", "sizeBytes"].map((name) => value[name]);
  return texts.every((text) => typeof text === "string") && counts.every(isCount);
}
