import { chmodSync, chownSync, lstatSync, mkdirSync, type Stats } from "node:fs";
import { join } from "node:path";

import type { BaseView } from "./base-view.ts";
import type { RootfsSpec } from "./sandbox.ts";
import { splitPath } from "./view-path.ts";

/**
 * Makes a missing working directory, as Docker does, in the writable directory. A parent that is
 * only in a lower layer keeps its owner and mode. A path that leads through a link is left alone.
 */
export function makeWorkingDirectory(rootfs: RootfsSpec, view: BaseView, cwd: string): void {
  const roots = [rootfs.writableDir, ...rootfs.layers.toReversed(), ...baseRoots(rootfs, view)];
  const missing: { readonly path: string; readonly like: Stats | undefined }[] = [];
  let path = "";
  for (const name of splitPath(cwd)) {
    path = join(path, name);
    const found = findFirst(roots, path);
    if (found !== undefined && !found.isDirectory()) return;
    missing.push({ path, like: found });
  }
  if (missing.at(-1)?.like !== undefined) return;
  for (const { path: part, like } of missing) makeLike(join(rootfs.writableDir, part), like);
}

/** Makes the places of a root file system's directories. */
export function makeMountPoints(rootfs: RootfsSpec, view: BaseView): void {
  for (const { target } of rootfs.mounts ?? []) makeWorkingDirectory(rootfs, view, target);
}

function baseRoots(rootfs: RootfsSpec, view: BaseView): readonly string[] {
  return rootfs.base === "host" ? [view.hostRoot, "/"] : [view.emptyRoot];
}

function findFirst(roots: readonly string[], path: string): Stats | undefined {
  for (const root of roots) {
    // Of the host itself only these are in the view.
    if (root === "/" && !/^(usr|opt|lib\w*|s?bin)\//.test(path)) continue;
    const stats = lstatSync(join(root, path), { throwIfNoEntry: false });
    if (stats !== undefined) return stats;
  }
  return undefined;
}

function makeLike(path: string, like: Stats | undefined): void {
  if (lstatSync(path, { throwIfNoEntry: false }) !== undefined) return;
  mkdirSync(path);
  chmodSync(path, like === undefined ? 0o755 : like.mode & 0o7777);
  if (like !== undefined && process.getuid?.() === 0) chownSync(path, like.uid, like.gid);
}
