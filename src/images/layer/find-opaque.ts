import { spawn } from "node:child_process";
import { readdir } from "node:fs/promises";
import { posix, join } from "node:path";
import { Readable } from "node:stream";

import type { RootTree } from "./root-tree.ts";

/**
 * Finds the directories of an overlay's upper layer that hide what lies under them, as after
 * `rm -rf dir && mkdir dir`. The kernel marks them by an extended attribute, which Node cannot
 * read and tar can. Without a tar that reads them none is found.
 *
 * @param directory the upper layer
 * @param lower what lies under it
 * @returns paths without leading slash
 */
export async function findOpaque(directory: string, lower: RootTree): Promise<readonly string[]> {
  const candidates = await listShared(directory, "", lower);
  return candidates.length === 0 ? [] : readMarks(directory, candidates);
}

/** A directory that is new in this layer hides nothing, marked or not. */
async function listShared(
  directory: string,
  relative: string,
  lower: RootTree,
): Promise<readonly string[]> {
  const found: string[] = [];
  for (const entry of await readdir(join(directory, relative), { withFileTypes: true })) {
    const path = posix.join(relative, entry.name);
    if (!entry.isDirectory() || (await lower.lookup(`/${path}`))?.kind !== "directory") continue;
    found.push(path, ...(await listShared(directory, path, lower)));
  }
  return found;
}

async function readMarks(
  directory: string,
  candidates: readonly string[],
): Promise<readonly string[]> {
  const { extract } = await import("tar-stream");
  const list = ["--no-recursion", "--null", "-T", "-"];
  const flags = ["--xattrs", "--xattrs-include=*.overlay.opaque", "-cf", "-", "-C", directory];
  const tar = spawn("tar", [...flags, ...list], { stdio: ["pipe", "pipe", "ignore"] });
  const isFailed = new Promise<boolean>((resolve) => {
    tar.once("error", () => resolve(true));
    tar.once("close", (code) => resolve(code !== 0));
  });
  tar.stdin.on("error", () => undefined); // a tar that is missing or ends early
  tar.stdin.end(candidates.map((path) => `${path}\0`).join(""));
  const marked: string[] = [];
  try {
    for await (const entry of Readable.from(tar.stdout).pipe(extract())) {
      const pax = entry.header.pax ?? {};
      if (Object.entries(pax).some(isMark)) marked.push(entry.header.name.replace(/\/$/, ""));
      entry.resume();
    }
  } catch {
    return []; // a cut or foreign archive: like no tar at all
  }
  return (await isFailed) ? [] : marked;
}

function isMark([name, value]: readonly [string, string]): boolean {
  return /^SCHILY\.xattr\.(trusted|user)\.overlay\.opaque$/.test(name) && value === "y";
}
