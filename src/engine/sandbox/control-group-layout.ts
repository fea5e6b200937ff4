import { accessSync, constants, existsSync, readFileSync } from "node:fs";
import { dirname, join, resolve } from "node:path";

/** Where control groups of pods can be made. */
export type ControlGroupLayout =
  | { readonly version: "v1"; readonly memory: string; readonly cpu: string | undefined }
  | { readonly version: "v2"; readonly directory: string; readonly hasCpu: boolean };

/** The files that tell; other ones in tests. */
export interface ControlGroupSource {
  /** Usually /sys/fs/cgroup. */
  readonly root: string;
  /** The text of /proc/self/cgroup. */
  readonly ownGroups: string;
}

/** Finds where this process may limit memory; `undefined` when nowhere. */
export function findControlGroups(source: ControlGroupSource): ControlGroupLayout | undefined {
  return findV2(source) ?? findV1(source);
}

/** Reads what {@link findControlGroups} needs from this host. */
export function hostControlGroups(): ControlGroupSource {
  return { root: "/sys/fs/cgroup", ownGroups: readFileSync("/proc/self/cgroup", "utf8") };
}

function findV2({ root, ownGroups }: ControlGroupSource): ControlGroupLayout | undefined {
  const path = /^0::(.*)$/m.exec(ownGroups)?.[1];
  if (path === undefined || !existsSync(join(root, "cgroup.controllers"))) return undefined;
  // A group with processes may not pass controllers on, so pods go beside the engine's own group.
  for (
    let directory = join(root, path);
    directory.startsWith(root);
    directory = dirname(directory)
  ) {
    const enabled = readWords(join(directory, "cgroup.subtree_control"));
    if (
      enabled.includes("memory") &&
      isWritable(directory) &&
      isWritable(join(directory, "cgroup.procs"))
    )
      return { version: "v2", directory, hasCpu: enabled.includes("cpu") };
  }
  return undefined;
}

function findV1({ root, ownGroups }: ControlGroupSource): ControlGroupLayout | undefined {
  const memory = ownV1Group(root, ownGroups, "memory");
  if (memory === undefined) return undefined;
  return { version: "v1", memory, cpu: ownV1Group(root, ownGroups, "cpu") };
}

function ownV1Group(root: string, ownGroups: string, controller: string): string | undefined {
  for (const line of ownGroups.split("\n")) {
    const [, controllers, ...path] = line.split(":");
    if (!controllers?.split(",").includes(controller)) continue;
    const mount = [controllers, controller].map((name) => join(root, name)).find(existsSync);
    if (mount === undefined) continue;
    const own = resolve(mount, `.${path.join(":")}`);
    // Inside a container the path may be the host's and not exist here.
    const directory = existsSync(own) ? own : mount;
    if (isWritable(directory)) return directory;
  }
  return undefined;
}

function readWords(file: string): readonly string[] {
  try {
    return readFileSync(file, "latin1").trim().split(/\s+/);
  } catch {
    return []; // No such group here.
  }
}

function isWritable(path: string): boolean {
  try {
    accessSync(path, constants.W_OK);
    return true;
  } catch {
    return false; // Read-only or another user's.
  }
}
