import type { Readable } from "node:stream";

import { packDirectory, packFile } from "./archive-pack.ts";
import { unpackInto } from "./archive-unpack.ts";
import { mountView } from "./mounted-view.ts";
import { ProcessPod } from "./pod.ts";
import type { Pod, RootfsSpec } from "./sandbox.ts";
import { SandboxError } from "./sandbox-error.ts";
import { splitPath, ViewPath } from "./view-path.ts";

/**
 * Packs a file or directory of a container, as Docker does: entries of `/a/b` start with `b/`, those
 * of `/a/b/.` with `./`.
 *
 * @param running the pod whose app runs on this root file system, if one does
 * @throws {SandboxError} `PATH_NOT_FOUND` when the path is not in the container
 */
export async function exportArchive(
  rootfs: RootfsSpec,
  path: string,
  running: Pod | undefined,
): Promise<Readable> {
  const view = await openView(rootfs, running);
  const place = ViewPath.root(view.root);
  const release = (): void => {
    place.close();
    void view.close();
  };
  try {
    const names = splitPath(path);
    const last = names.at(-1);
    if (last === undefined || path.endsWith("/.")) {
      place.enter(names);
      return packDirectory(place, ".", release);
    }
    place.enter(names.slice(0, -1));
    const stats = last === ".." ? undefined : place.directory.statOf(last);
    if (stats === undefined && last !== "..") throw notFound(path);
    if (stats !== undefined && !stats.isDirectory()) return packFile(place, last, release);
    place.enter([last]);
    return packDirectory(place, last, release);
  } catch (error) {
    release();
    throw error;
  }
}

/**
 * Unpacks a tar into a directory of a container. Links in the archive and in the container are
 * resolved inside the container, so that nothing is ever written outside.
 *
 * @param running the pod whose app runs on this root file system, if one does
 * @throws {SandboxError} `PATH_NOT_FOUND` when the directory is not in the container
 * @throws {SandboxError} `ARCHIVE_INVALID` when the tar cannot be read
 */
// oxlint-disable-next-line max-params -- the same order as exportArchive, plus the archive
export async function importArchive(
  rootfs: RootfsSpec,
  path: string,
  tar: Readable,
  running?: Pod,
): Promise<void> {
  const view = await openView(rootfs, running);
  const place = ViewPath.root(view.root);
  try {
    place.enter(splitPath(path));
    await unpackInto(place, tar);
  } finally {
    place.close();
    await view.close();
  }
}

interface OpenView {
  readonly root: string;
  close(): Promise<void>;
}

function openView(rootfs: RootfsSpec, running: Pod | undefined): Promise<OpenView> {
  const root = running instanceof ProcessPod ? running.appRoot : undefined;
  if (root === undefined) return mountView(rootfs);
  return Promise.resolve({ root, close: () => Promise.resolve() });
}

function notFound(path: string): SandboxError {
  return new SandboxError("PATH_NOT_FOUND", `Cannot find ${path} in the container`);
}
