import { readdirSync } from "node:fs";
import { join, posix } from "node:path";

import type { RootTree } from "./root-tree.ts";

/** A numeric owner. */
export interface Owner {
  readonly uid: number;
  readonly gid: number;
}

/**
 * Owners that files of a layer have in the image and cannot have on this machine, since only root
 * may give files away: by path without leading slash. Without root, what is not named here is the
 * image's root's.
 */
export type LayerOwners = Readonly<Record<string, Owner>>;

/** @returns whether files of this process can have any owner */
export function canOwn(): boolean {
  return process.getuid?.() === 0;
}

/**
 * Finds the owners of what RUN wrote without root: what was there before keeps its own, what is new
 * belongs to the user of RUN.
 *
 * @param directory the layer's
 * @param lower what lies under it
 * @param user whom RUN ran as
 */
export async function ownersOfRun(
  directory: string,
  lower: RootTree,
  user: Owner,
): Promise<LayerOwners> {
  const owners: Record<string, Owner> = {};
  const visit = async (parent: string): Promise<void> => {
    for (const entry of readdirSync(join(directory, parent), { withFileTypes: true })) {
      const path = posix.join(parent, entry.name);
      const { uid, gid } = (await lower.lookup(`/${path}`)) ?? user;
      if (uid !== 0 || gid !== 0) owners[path] = { uid, gid };
      if (entry.isDirectory()) await visit(path);
    }
  };
  await visit("");
  return owners;
}
