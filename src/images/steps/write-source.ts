import { posix } from "node:path";

import { unpackTar } from "../copy/unpack-tar.ts";
import type { SourceEntry } from "../copy/walk-source.ts";
import { forEachAtOnce } from "../for-each-at-once.ts";
import type { LayerWriter } from "../layer/layer-writer.ts";
import type { RootTree } from "../layer/root-tree.ts";
import type { CopySource } from "./find-sources.ts";

/** Enough to keep a disk busy; Node's own pool has four threads. */
const COPIES_AT_ONCE = 8;

/** Where COPY copies to. */
export interface CopyTarget {
  /** Absolute, without symlinks. */
  readonly path: string;
  /** Whether files go below the path, or are the path. */
  readonly kind: "directory" | "path";
}

/** Where {@link writeSource} writes. */
export interface WriteScope {
  readonly writer: LayerWriter;
  /** Layers below and the one that is written. */
  readonly tree: RootTree;
  /** Copies a file: content known by its digest. */
  readonly copyFile?: (source: SourceEntry, path: string) => Promise<void>;
}

/** Writes one source into a layer. */
export async function writeSource(
  source: CopySource,
  target: CopyTarget,
  scope: WriteScope,
): Promise<void> {
  const { writer, tree } = scope;
  if (source.kind === "inline") {
    const path = target.kind === "directory" ? posix.join(target.path, source.name) : target.path;
    return writer.writeInline(path, { content: Buffer.from(source.text), mode: 0o644 });
  }
  const directory = await tree.resolve(posix.join(target.path, source.parent));
  if (source.kind === "directory") return writeDirectory(source.entries, directory, scope);
  const [self] = source.entries;
  if (self?.entry.source === undefined) return;
  const copy = scope.copyFile ?? (({ entry }, path) => writer.copyEntry(entry, path));
  if (source.kind !== "tar") {
    const path = target.kind === "directory" ? posix.join(directory, source.name) : target.path;
    return copy(self, path);
  }
  await writer.makeDirectory(directory);
  await unpackTar(self.entry.source, source.compression, { path: directory, writer, tree });
}

async function writeDirectory(
  entries: readonly SourceEntry[],
  path: string,
  scope: WriteScope,
): Promise<void> {
  const { writer, tree } = scope;
  await writer.makeDirectory(path);
  const resolved = new Map([["", path]]);
  const parentOf = (relative: string): string =>
    resolved.get(relative.slice(0, Math.max(0, relative.lastIndexOf("/")))) ?? path;
  // Parents come first in the list. A link in the image stays a link when a directory of that name
  // is copied over it, so each directory is resolved.
  for (const { relative, entry } of entries) {
    if (entry.kind !== "directory" || relative === "") continue;
    const target = await tree.resolve(posix.join(parentOf(relative), posix.basename(relative)));
    await writer.makeDirectory(target, entry.mode);
    resolved.set(relative, target);
  }
  const files = entries.filter(({ entry }) => entry.kind !== "directory");
  const copy = scope.copyFile ?? (({ entry }, target) => writer.copyEntry(entry, target));
  await forEachAtOnce(files, COPIES_AT_ONCE, (file) =>
    copy(file, posix.join(parentOf(file.relative), posix.basename(file.relative))),
  );
}
