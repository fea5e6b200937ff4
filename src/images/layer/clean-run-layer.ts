import { lstatSync, readdirSync, rmdirSync, rmSync } from "node:fs";
import { join } from "node:path";

import type { RootTree } from "./root-tree.ts";
import type { TreeEntry } from "./tree-entry.ts";

/** What the sandbox lays over every image, as Docker does: a change of it is never the image's. */
const sandboxFiles = ["etc/hosts", "etc/hostname", "etc/resolv.conf"];
/** What is there while RUN runs, in images that lack it too. */
const sandboxDirectories = ["etc", "tmp", "proc", "sys", "dev"];

/**
 * Takes out of a layer that RUN wrote what is there because of the sandbox.
 *
 * @param directory the layer's
 * @param lower what lies under it, without what the sandbox adds
 * @param opaque directories of the layer that hide what lies under them
 */
export async function cleanRunLayer(
  directory: string,
  lower: RootTree,
  opaque: readonly string[],
): Promise<void> {
  for (const path of sandboxFiles) rmSync(join(directory, path), { force: true });
  for (const path of sandboxDirectories) {
    const below = await lower.lookup(`/${path}`);
    if (!opaque.includes(path)) cleanDirectory(join(directory, path), below);
  }
}

function cleanDirectory(place: string, below: TreeEntry | undefined): void {
  const stats = lstatSync(place, { throwIfNoEntry: false });
  if (stats === undefined) return;
  if (below === undefined && stats.isCharacterDevice()) return rmSync(place); // removes nothing
  if (!stats.isDirectory() || readdirSync(place).length > 0) return;
  const isUnchanged = below === undefined || below.mode === (stats.mode & 0o7777);
  if (isUnchanged) rmdirSync(place);
}
