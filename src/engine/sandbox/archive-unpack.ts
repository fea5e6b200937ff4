import {
  chmodSync,
  chownSync,
  closeSync,
  constants,
  createWriteStream,
  fchmodSync,
  fchownSync,
  futimesSync,
  lchownSync,
  linkSync,
  openSync,
  rmSync,
  symlinkSync,
} from "node:fs";
import { Readable } from "node:stream";
import { pipeline } from "node:stream/promises";

import { extract, type Header } from "tar-stream";

import { SandboxError } from "./sandbox-error.ts";
import { splitPath, type ViewPath } from "./view-path.ts";

const isRoot = process.getuid?.() === 0;

/** Unpacks a tar below a directory of a container. */
export async function unpackInto(place: ViewPath, tar: Readable): Promise<void> {
  const entries = extract();
  const feeding = pipeline(tar, entries);
  feeding.catch(() => undefined); // The loop below reports it.
  try {
    for await (const entry of entries) {
      await unpackEntry(place, entry.header, Readable.from(entry));
      entry.resume();
    }
    await feeding;
  } catch (error) {
    if (error instanceof SandboxError) throw error;
    throw new SandboxError("ARCHIVE_INVALID", `Cannot unpack the archive: ${String(error)}`, {
      cause: error,
    });
  }
}

async function unpackEntry(place: ViewPath, header: Header, content: Readable): Promise<void> {
  const names = splitPath(header.name);
  if (names.includes(".."))
    throw new SandboxError("ARCHIVE_INVALID", `Cannot unpack ${header.name}: it leads upwards`);
  const last = names.at(-1);
  if (last === undefined) return;
  const parent = place.copy();
  try {
    parent.enter(names.slice(0, -1), "make");
    if (header.type === "directory") return makeDirectory(parent, last, header);
    if (header.type === "symlink") return makeLink(parent, last, header);
    if (header.type === "link") return makeHardLink({ place, parent, name: last }, header);
    if (header.type === "file" || header.type === "contiguous-file")
      await writeFile(parent, last, { header, content });
  } finally {
    parent.close();
  }
}

function makeDirectory(parent: ViewPath, name: string, header: Header): void {
  const { directory } = parent;
  const stats = directory.statOf(name);
  if (stats !== undefined && !stats.isDirectory()) removeChild(parent, name);
  if (directory.statOf(name) === undefined) directory.makeChild(name);
  const child = directory.child(name);
  try {
    const path = `/proc/self/fd/${child.fd}`;
    if (isRoot) chownSync(path, header.uid ?? 0, header.gid ?? 0);
    chmodSync(path, (header.mode ?? 0o755) & 0o7777);
  } finally {
    child.close();
  }
}

function makeLink(parent: ViewPath, name: string, header: Header): void {
  removeChild(parent, name);
  const path = parent.directory.pathOf(name);
  symlinkSync(header.linkname ?? "", path);
  if (isRoot) lchownSync(path, header.uid ?? 0, header.gid ?? 0);
}

interface HardLinkPlace {
  readonly place: ViewPath;
  readonly parent: ViewPath;
  readonly name: string;
}

function makeHardLink({ place, parent, name }: HardLinkPlace, header: Header): void {
  const names = splitPath(header.linkname ?? "");
  const last = names.at(-1);
  if (last === undefined || names.includes(".."))
    throw new SandboxError("ARCHIVE_INVALID", `Cannot link ${name} to ${header.linkname ?? ""}`);
  const source = place.copy();
  try {
    source.enter(names.slice(0, -1));
    removeChild(parent, name);
    linkSync(source.directory.pathOf(last), parent.directory.pathOf(name));
  } finally {
    source.close();
  }
}

interface FileEntry {
  readonly header: Header;
  readonly content: Readable;
}

async function writeFile(
  parent: ViewPath,
  name: string,
  { header, content }: FileEntry,
): Promise<void> {
  removeChild(parent, name);
  const { O_WRONLY, O_CREAT, O_EXCL, O_NOFOLLOW } = constants;
  const flags = O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW;
  const fd = openSync(parent.directory.pathOf(name), flags, 0o600);
  try {
    await pipeline(content, createWriteStream("", { fd, autoClose: false }));
    if (isRoot) fchownSync(fd, header.uid ?? 0, header.gid ?? 0);
    fchmodSync(fd, (header.mode ?? 0o644) & 0o7777);
    if (header.mtime !== undefined) futimesSync(fd, header.mtime, header.mtime);
  } finally {
    closeSync(fd);
  }
}

function removeChild(parent: ViewPath, name: string): void {
  rmSync(parent.directory.pathOf(name), { recursive: true, force: true });
}
