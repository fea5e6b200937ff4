import { createReadStream } from "node:fs";
import { readFile, stat } from "node:fs/promises";
import { join } from "node:path";

import { ImageError } from "../image-error.ts";
import type { BlobStore } from "./blob-store.ts";
import type { Descriptor } from "./descriptor.ts";
import { readDockerManifest } from "./docker-manifest.ts";
import {
  blobPathOf,
  DOCKER_FILE,
  INDEX_FILE,
  LAYOUT_FILE,
  REFERENCE_ANNOTATION,
  type LayoutEntry,
} from "./layout-entry.ts";
import { parseManifestOrIndex } from "./parse-manifest.ts";
import { MAX_DOCUMENT_BYTES, readDocument } from "./read-document.ts";
import { readArchive } from "./read-archive.ts";
import type { UnpackLimits } from "./tar/unpack-limits.ts";

/**
 * Takes the blobs of an OCI image layout into the store, from a directory or an archive, or those
 * of an archive that `docker save` wrote. Archives may be compressed. Every blob is checked.
 *
 * @param limits what an archive may come to
 * @returns its images
 * @throws {ImageError} ARCHIVE_INVALID when it is no layout; BLOB_NOT_FOUND when a part is missing;
 *   DIGEST_MISMATCH; ARCHIVE_UNSAFE; ARCHIVE_TOO_LARGE; MANIFEST_INVALID; DISK_FULL
 */
export async function readLayout(
  blobs: BlobStore,
  path: string,
  limits?: UnpackLimits,
): Promise<readonly LayoutEntry[]> {
  const stats = await stat(path).catch((cause: unknown) => {
    throw notALayout(path, "it cannot be opened", cause);
  });
  if (stats.isDirectory()) return readDirectory(blobs, path);
  const { documents, files } = await readArchive(blobs, path, limits);
  const index = documents.get(INDEX_FILE);
  if (index !== undefined && documents.has(LAYOUT_FILE)) {
    const entries = toEntries(index);
    for (const { manifest } of entries) await requireParts(blobs, manifest);
    return entries;
  }
  const docker = documents.get(DOCKER_FILE);
  if (docker !== undefined) return readDockerManifest(blobs, docker, files);
  throw notALayout(path, `it holds neither ${LAYOUT_FILE} nor ${DOCKER_FILE}`);
}

async function readDirectory(blobs: BlobStore, path: string): Promise<readonly LayoutEntry[]> {
  for (const name of [LAYOUT_FILE, INDEX_FILE]) {
    const stats = await stat(join(path, name)).catch(() => undefined);
    if (stats === undefined) throw notALayout(path, `${name} is missing`);
    if (stats.size > MAX_DOCUMENT_BYTES) throw notALayout(path, `${name} is too large`);
  }
  const entries = toEntries(await readFile(join(path, INDEX_FILE), "utf8"));
  for (const { manifest } of entries) await copyIn(blobs, path, manifest);
  return entries;
}

function toEntries(index: string): readonly LayoutEntry[] {
  const parsed = parseManifestOrIndex(index);
  if (parsed.kind !== "index") {
    const text = `Cannot read the layout: ${INDEX_FILE} is the manifest of one image`;
    throw new ImageError("MANIFEST_INVALID", `${text}; an index is needed`);
  }
  return parsed.manifests.map((manifest) => {
    const { annotations = {} } = manifest;
    const reference = annotations["io.containerd.image.name"] ?? annotations[REFERENCE_ANNOTATION];
    return { manifest, ...(reference !== undefined && { reference }) };
  });
}

/** Copies a manifest and what it names. */
async function copyIn(blobs: BlobStore, path: string, root: Descriptor): Promise<void> {
  await copyBlob(blobs, path, root);
  const parsed = parseManifestOrIndex(await readDocument(blobs, root.digest));
  if (parsed.kind === "manifest") {
    for (const blob of [parsed.config, ...parsed.layers]) await copyBlob(blobs, path, blob);
    return;
  }
  for (const child of parsed.manifests) {
    const isThere =
      (await stat(join(path, blobPathOf(child.digest))).catch(() => undefined)) !== undefined;
    if (isThere) await copyIn(blobs, path, child); // a layout may hold one platform of several
  }
}

async function copyBlob(blobs: BlobStore, path: string, blob: Descriptor): Promise<void> {
  const source = join(path, blobPathOf(blob.digest));
  const stats = await stat(source).catch(() => undefined);
  if (stats?.isFile() !== true) throw partMissing(blob.digest);
  await blobs.write(createReadStream(source), { digest: blob.digest, sizeBytes: blob.size });
}

async function requireParts(blobs: BlobStore, root: Descriptor): Promise<void> {
  if ((await blobs.stat(root.digest)) === undefined) throw partMissing(root.digest);
  const parsed = parseManifestOrIndex(await readDocument(blobs, root.digest));
  if (parsed.kind === "index") return;
  for (const { digest } of [parsed.config, ...parsed.layers]) {
    if ((await blobs.stat(digest)) === undefined) throw partMissing(digest);
  }
}

function partMissing(digest: string): ImageError {
  const text = `Cannot read the layout: it names blob ${digest}, which it does not hold`;
  return new ImageError("BLOB_NOT_FOUND", `${text}; make it anew`);
}

function notALayout(path: string, reason: string, cause?: unknown): ImageError {
  const text = `Cannot read ${path} as images: ${reason}`;
  const remedy = "name an OCI layout, its archive, or an archive of docker save";
  return new ImageError("ARCHIVE_INVALID", `${text}; ${remedy}`, { cause });
}
