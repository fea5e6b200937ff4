import { lstat, opendir } from "node:fs/promises";
import { join, posix } from "node:path";

/** A layer that is unpacked on this machine. */
export interface UnpackedLayer {
  /** What it is called in what is printed: its digest, or its name in the store. */
  readonly name: string;
  readonly directory: string;
}

/** A file of an image. */
export interface LargeFile {
  /** From the image's root, with the leading slash. */
  readonly path: string;
  readonly sizeBytes: number;
  /** The name of its layer. */
  readonly layer: string;
  /** Whether a layer above hides it: it weighs all the same. */
  readonly isHidden: boolean;
}

interface Candidate {
  readonly path: string;
  readonly sizeBytes: number;
  readonly layerIndex: number;
}

/**
 * Finds the largest files of an image, those that a layer above hides included.
 *
 * @param layers lowest first
 * @param count how many to give at most
 * @returns the largest first
 */
export async function largestFiles(
  layers: readonly UnpackedLayer[],
  count: number,
): Promise<readonly LargeFile[]> {
  let largest: readonly Candidate[] = [];
  for (const [layerIndex, { directory }] of layers.entries()) {
    for await (const { path, sizeBytes } of walkFiles(directory)) {
      const least = largest.at(count - 1);
      if (least !== undefined && least.sizeBytes >= sizeBytes) continue;
      largest = [...largest, { path, sizeBytes, layerIndex }]
        .toSorted((a, b) => b.sizeBytes - a.sizeBytes)
        .slice(0, count);
    }
  }
  return Promise.all(largest.map((candidate) => toLargeFile(candidate, layers)));
}

async function* walkFiles(
  directory: string,
): AsyncGenerator<{ readonly path: string; readonly sizeBytes: number }> {
  const pending = ["/"];
  for (let parent = pending.pop(); parent !== undefined; parent = pending.pop()) {
    for await (const entry of await opendir(join(directory, parent))) {
      const path = posix.join(parent, entry.name);
      if (entry.isDirectory()) pending.push(path);
      else if (entry.isFile()) {
        yield { path, sizeBytes: (await lstat(join(directory, path))).size };
      }
    }
  }
}

async function toLargeFile(
  { path, sizeBytes, layerIndex }: Candidate,
  layers: readonly UnpackedLayer[],
): Promise<LargeFile> {
  const above = layers.slice(layerIndex + 1);
  const hides = await Promise.all(above.map(({ directory }) => isHiddenBy(directory, path)));
  const layer = layers[layerIndex]?.name ?? "";
  return { path, sizeBytes, layer, isHidden: hides.some(Boolean) };
}

/** Anything at the path hides it, a whiteout too; and so does what is no directory above it. */
async function isHiddenBy(directory: string, path: string): Promise<boolean> {
  const parts = path.split("/").slice(1);
  for (let depth = 1; depth <= parts.length; depth += 1) {
    const at = await lstat(join(directory, ...parts.slice(0, depth))).catch(() => undefined);
    if (at === undefined) return false;
    if (depth === parts.length || !at.isDirectory()) return true;
  }
  return false;
}
