import { lstatSync, rmdirSync, rmSync } from "node:fs";
import { join } from "node:path";

import type { LayerWriter } from "../layer/layer-writer.ts";
import type { RootTree } from "../layer/root-tree.ts";
import type { PlannedMount } from "./run-mounts.ts";

/** Where mounts of a RUN go: places that must be there while it runs and are no part of its files. */
export interface MountPoints {
  /** Takes away what was made, but for what RUN put below it. */
  remove(): Promise<void>;
}

/** Where {@link makeMountPoints} makes them. */
export interface MountPointScope {
  readonly draftDir: string;
  /** Layers below, and the draft. */
  readonly tree: RootTree;
  /** Layers below alone. */
  readonly lower: RootTree;
  readonly writer: LayerWriter;
}

/** Makes the places of mounts in a layer's draft. */
export async function makeMountPoints(
  mounts: readonly PlannedMount[],
  scope: MountPointScope,
): Promise<MountPoints> {
  const { draftDir, tree, writer } = scope;
  const made: string[] = [];
  for (const { target, kind } of mounts) {
    const directories = kind === "directory" ? prefixesOf(target) : prefixesOf(target).slice(0, -1);
    for (const path of directories) if (isMissing(join(draftDir, path))) made.push(path);
    const isThere = (await tree.lookup(target)) !== undefined;
    if (kind === "directory") await writer.makeDirectory(target);
    else if (!isThere) {
      await writer.writeInline(target, { content: new Uint8Array(), mode: 0o644 });
      made.push(target);
    }
  }
  return {
    remove: async () => {
      for (const path of made.toReversed()) await removeOne(path, scope);
    },
  };
}

function prefixesOf(path: string): readonly string[] {
  const parts = path.split("/").filter((part) => part !== "");
  return parts.map((_part, index) => `/${parts.slice(0, index + 1).join("/")}`);
}

function isMissing(path: string): boolean {
  return lstatSync(path, { throwIfNoEntry: false }) === undefined;
}

async function removeOne(path: string, { draftDir, lower }: MountPointScope): Promise<void> {
  const place = join(draftDir, path);
  const stats = lstatSync(place, { throwIfNoEntry: false });
  if (stats?.isFile() === true && stats.size === 0) return rmSync(place);
  if (stats?.isDirectory() !== true) return;
  const below = await lower.lookup(path);
  const isChanged = below !== undefined && below.mode !== (stats.mode & 0o7777);
  if (isChanged) return; // by RUN itself
  try {
    rmdirSync(place);
  } catch {
    return; // RUN put something there
  }
}
