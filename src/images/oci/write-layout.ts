import { randomBytes } from "node:crypto";
import { createWriteStream } from "node:fs";
import { constants, copyFile, mkdir, readdir, rename, rm, writeFile } from "node:fs/promises";
import { dirname, join } from "node:path";
import { pipeline } from "node:stream/promises";

import { ImageError } from "../image-error.ts";
import type { BlobStore } from "./blob-store.ts";
import type { Descriptor } from "./descriptor.ts";
import { toCanonicalJson } from "./json-fields.ts";
import {
  blobPathOf,
  DOCKER_FILE,
  INDEX_FILE,
  LAYOUT_FILE,
  LAYOUT_VERSION,
  REFERENCE_ANNOTATION,
  type LayoutEntry,
} from "./layout-entry.ts";
import { listBlobs } from "./list-blobs.ts";
import { mediaTypes } from "./media-types.ts";
import { parseManifestOrIndex } from "./parse-manifest.ts";
import { readDocument } from "./read-document.ts";
import { encodeTarHeader } from "./tar/encode-tar-header.ts";
import { paddingOf, TAR_BLOCK_BYTES, type TarEntry } from "./tar/tar-entry.ts";
import { toDiskFull } from "./to-disk-full.ts";

/** Where {@link writeLayout} writes. */
export interface LayoutTarget {
  /** An archive is replaced, a directory has to be empty or missing. */
  readonly path: string;
  /** An archive is a tar, which `docker load` reads too. */
  readonly format: "directory" | "archive";
}

/**
 * Writes images of the store as an OCI image layout, which appears whole or not at all.
 *
 * @throws {ImageError} OUTPUT_EXISTS when there is a directory with something in it;
 *   BLOB_NOT_FOUND; DISK_FULL
 */
export async function writeLayout(
  blobs: BlobStore,
  entries: readonly LayoutEntry[],
  { path, format }: LayoutTarget,
): Promise<void> {
  const layout = await planLayout(blobs, entries);
  const draft = `${path}.${randomBytes(6).toString("hex")}.draft`;
  try {
    await mkdir(dirname(path), { recursive: true });
    if (format === "archive") await pipeline(tarOf(blobs, layout), createWriteStream(draft));
    else {
      await checkEmpty(path);
      await fillDirectory(blobs, layout, draft);
    }
    await rename(draft, path);
  } catch (error) {
    await rm(draft, { recursive: true, force: true });
    throw toDiskFull(error, dirname(path));
  }
}

interface Layout {
  /** Small files by their name. */
  readonly documents: ReadonlyMap<string, string>;
  /** Each once, sorted. */
  readonly blobs: readonly Descriptor[];
}

async function planLayout(blobs: BlobStore, entries: readonly LayoutEntry[]): Promise<Layout> {
  const found = new Map<string, Descriptor>();
  for (const { manifest } of entries) {
    for (const blob of await listBlobs(blobs, manifest)) found.set(blob.digest, blob);
  }
  const manifests = entries.map(({ manifest, reference }) =>
    reference === undefined
      ? manifest
      : {
          ...manifest,
          annotations: { ...manifest.annotations, [REFERENCE_ANNOTATION]: reference },
        },
  );
  const index = { schemaVersion: 2, mediaType: mediaTypes.index, manifests };
  return {
    documents: new Map([
      [LAYOUT_FILE, toCanonicalJson({ imageLayoutVersion: LAYOUT_VERSION })],
      [INDEX_FILE, toCanonicalJson(index)],
      [DOCKER_FILE, toCanonicalJson(await toDockerManifest(blobs, entries))],
    ]),
    blobs: [...found.values()].toSorted((a, b) => (a.digest < b.digest ? -1 : 1)),
  };
}

/** `docker load` of an engine without containerd's store knows only this file. */
async function toDockerManifest(
  blobs: BlobStore,
  entries: readonly LayoutEntry[],
): Promise<readonly unknown[]> {
  const images: unknown[] = [];
  for (const { manifest, reference } of entries) {
    const parsed = parseManifestOrIndex(await readDocument(blobs, manifest.digest));
    if (parsed.kind === "index") continue;
    images.push({
      Config: blobPathOf(parsed.config.digest),
      RepoTags: reference === undefined ? null : [reference],
      Layers: parsed.layers.map(({ digest }) => blobPathOf(digest)),
    });
  }
  return images;
}

async function checkEmpty(path: string): Promise<void> {
  const names = await readdir(path).catch(() => []);
  if (names.length === 0) return;
  const text = `Cannot write the layout to ${path}: there is something already`;
  throw new ImageError("OUTPUT_EXISTS", `${text}; name a directory that is empty or missing`);
}

async function fillDirectory(blobs: BlobStore, layout: Layout, draft: string): Promise<void> {
  await mkdir(join(draft, "blobs", "sha256"), { recursive: true });
  for (const { digest } of layout.blobs) {
    await requireBlob(blobs, digest);
    await copyFile(
      blobs.pathOf(digest),
      join(draft, blobPathOf(digest)),
      constants.COPYFILE_FICLONE,
    );
  }
  for (const [name, text] of layout.documents) {
    if (name !== DOCKER_FILE) await writeFile(join(draft, name), text);
  }
}

async function* tarOf(blobs: BlobStore, layout: Layout): AsyncGenerator<Buffer> {
  for (const [name, text] of layout.documents) {
    const bytes = Buffer.from(text);
    yield encodeTarHeader({ ...plainFile, name, sizeBytes: bytes.length });
    yield Buffer.concat([bytes, Buffer.alloc(paddingOf(bytes.length))]);
  }
  for (const name of ["blobs/", "blobs/sha256/"]) {
    yield encodeTarHeader({ ...plainFile, name, kind: "directory", mode: 0o755 });
  }
  for (const { digest } of layout.blobs) {
    const sizeBytes = await requireBlob(blobs, digest);
    yield encodeTarHeader({ ...plainFile, name: blobPathOf(digest), sizeBytes });
    for await (const chunk of await blobs.open(digest)) if (chunk instanceof Buffer) yield chunk;
    yield Buffer.alloc(paddingOf(sizeBytes));
  }
  yield Buffer.alloc(2 * TAR_BLOCK_BYTES);
}

const plainFile: Omit<TarEntry, "name"> = {
  ...{ kind: "file", mode: 0o644, uid: 0, gid: 0, sizeBytes: 0, mtimeSeconds: 0 },
  ...{ linkName: "", deviceMajor: 0, deviceMinor: 0, attributes: {} },
};

async function requireBlob(blobs: BlobStore, digest: string): Promise<number> {
  const sizeBytes = await blobs.stat(digest);
  if (sizeBytes !== undefined) return sizeBytes;
  const text = `Cannot write the layout: blob ${digest} is not in the store`;
  throw new ImageError("BLOB_NOT_FOUND", `${text}; pull or build the image anew`);
}
