import {
  closeSync,
  constants,
  createReadStream,
  fstatSync,
  openSync,
  readlinkSync,
  type Stats,
} from "node:fs";
import { Readable } from "node:stream";

import { pack, type Header, type Pack } from "tar-stream";

import type { ViewPath } from "./view-path.ts";

type EntryHeader = Partial<Header> & Pick<Header, "name">;

/** An entry of a directory. */
interface Child {
  readonly place: ViewPath;
  readonly name: string;
}

/** Packs a directory with all below it; `release` is called when the tar ends. */
export function packDirectory(place: ViewPath, name: string, release: () => void): Readable {
  return packWith(release, async (tar) => {
    await addDirectory(tar, place, name);
  });
}

/** Packs one child that is no directory. */
export function packFile(place: ViewPath, name: string, release: () => void): Readable {
  return packWith(release, (tar) => addChild(tar, { place, name }, name));
}

function packWith(release: () => void, fill: (tar: Pack) => Promise<void>): Readable {
  const tar = pack();
  fill(tar)
    .then(
      () => tar.finalize(),
      (error: unknown) => tar.destroy(error instanceof Error ? error : new Error(String(error))),
    )
    .finally(release);
  return Readable.from(tar);
}

async function addDirectory(tar: Pack, place: ViewPath, path: string): Promise<void> {
  const stats = fstatSync(place.directory.fd);
  await addEntry(tar, { ...commonHeaders(stats), name: `${path}/`, type: "directory" });
  for (const name of place.directory.list().toSorted())
    await addChild(tar, { place, name }, `${path}/${name}`);
}

/** Adds what tar can hold; sockets and pipes of a running container have no content to keep. */
async function addChild(tar: Pack, { place, name }: Child, path: string): Promise<void> {
  const stats = place.directory.statOf(name);
  if (stats === undefined) return;
  if (stats.isFile()) return addFile(tar, { place, name }, path);
  if (stats.isSymbolicLink()) {
    const linkname = readlinkSync(place.directory.pathOf(name));
    return addEntry(tar, { ...commonHeaders(stats), name: path, type: "symlink", linkname });
  }
  if (!stats.isDirectory()) return;
  const below = place.copy();
  try {
    below.enter([name]);
    await addDirectory(tar, below, path);
  } finally {
    below.close();
  }
}

async function addFile(tar: Pack, { place, name }: Child, path: string): Promise<void> {
  const { O_RDONLY, O_NOFOLLOW, O_NONBLOCK } = constants;
  const fd = openSync(place.directory.pathOf(name), O_RDONLY | O_NOFOLLOW | O_NONBLOCK);
  const stats = fstatSync(fd);
  if (!stats.isFile()) return closeSync(fd);
  const entry = tar.entry({ ...commonHeaders(stats), name: path, type: "file", size: stats.size });
  const done = new Promise<void>((resolve, reject) => {
    entry.on("error", reject);
    entry.on("close", () => resolve());
  });
  let writtenBytes = 0;
  // A running container may cut or extend the file meanwhile, but the header has its size already.
  const source = createReadStream("", { fd, end: Math.max(0, stats.size - 1) });
  for await (const chunk of source) {
    if (!(chunk instanceof Buffer)) continue;
    const part = chunk.subarray(0, stats.size - writtenBytes);
    writtenBytes += part.length;
    if (!entry.write(part))
      await new Promise<void>((resolve) => entry.once("drain", () => resolve()));
  }
  if (writtenBytes < stats.size) entry.write(Buffer.alloc(stats.size - writtenBytes));
  entry.end(null);
  await done;
}

function addEntry(tar: Pack, headers: EntryHeader): Promise<void> {
  return new Promise((resolve, reject) => {
    tar.entry(headers, (error) => (error instanceof Error ? reject(error) : resolve()));
  });
}

function commonHeaders(stats: Stats): Pick<Header, "mode" | "mtime" | "uid" | "gid"> {
  const isSelf = process.getuid?.() !== 0 && stats.uid === process.getuid?.();
  return {
    mode: stats.mode & 0o7777,
    mtime: stats.mtime,
    // Without root, this user is the container's root.
    uid: isSelf ? 0 : stats.uid,
    gid: isSelf ? 0 : stats.gid,
  };
}
