import { createHash } from "node:crypto";
import { lstatSync, readdirSync, readFileSync, readlinkSync } from "node:fs";
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";

import type { BlobStore } from "../../../src/images/oci/blob-store.ts";
import type { Descriptor } from "../../../src/images/oci/descriptor.ts";
import { encodeTarHeader } from "../../../src/images/oci/tar/encode-tar-header.ts";
import { paddingOf, type TarEntry } from "../../../src/images/oci/tar/tar-entry.ts";

/** Whether this process may set owners, mount and make devices. */
export const isRoot = process.getuid?.() === 0;

/** An entry of a tar to make. */
export type TestEntry = Partial<TarEntry> & { readonly name: string; readonly text?: string };

/** Makes a tar of entries, whatever they are. */
export function tarOf(...entries: readonly TestEntry[]): Buffer {
  const parts = entries.flatMap(({ text = "", ...entry }) => {
    const content = Buffer.from(text);
    const header = encodeTarHeader({
      ...{ kind: "file", mode: 0o644, uid: 0, gid: 0, sizeBytes: content.length },
      ...{ mtimeSeconds: 0, linkName: "", deviceMajor: 0, deviceMinor: 0, attributes: {} },
      ...entry,
    });
    return [header, content, Buffer.alloc(paddingOf(content.length))];
  });
  return Buffer.concat([...parts, Buffer.alloc(1024)]);
}

/** @returns the digest of bytes */
export function digestOf(bytes: Uint8Array): string {
  return `sha256:${createHash("sha256").update(bytes).digest("hex")}`;
}

/** Stores JSON as a blob. */
export async function writeJson(
  blobs: BlobStore,
  mediaType: string,
  value: unknown,
): Promise<Descriptor> {
  const { digest, sizeBytes } = await blobs.write(Buffer.from(JSON.stringify(value)));
  return { mediaType, digest, size: sizeBytes };
}

/** @returns what is below a directory: paths with kind, mode and content */
export function listTree(directory: string, parent = ""): Readonly<Record<string, string>> {
  const found: Record<string, string> = {};
  for (const name of readdirSync(join(directory, parent)).toSorted()) {
    const path = parent === "" ? name : `${parent}/${name}`;
    const stats = lstatSync(join(directory, path));
    const mode = (stats.mode & 0o7777).toString(8);
    if (stats.isDirectory()) {
      Object.assign(found, { [`${path}/`]: mode }, listTree(directory, path));
    } else if (stats.isSymbolicLink()) found[path] = `-> ${readlinkSync(join(directory, path))}`;
    else if (stats.isFile()) found[path] = `${mode} ${readFileSync(join(directory, path), "utf8")}`;
    else if (stats.isCharacterDevice() && stats.rdev === 0) found[path] = "whiteout";
    else found[path] = stats.isFIFO() ? `fifo ${mode}` : "other";
  }
  return found;
}

/** A directory for one test, which goes with it. */
export class TemporaryDirectory {
  readonly path: string;

  constructor(path: string) {
    this.path = path;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await rm(this.path, { recursive: true, force: true });
  }
}

/** Makes a {@link TemporaryDirectory}. */
export async function makeTemporaryDirectory(): Promise<TemporaryDirectory> {
  return new TemporaryDirectory(await mkdtemp(join(tmpdir(), "berth-oci-")));
}
