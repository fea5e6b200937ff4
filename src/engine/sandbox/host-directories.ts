import { lstatSync, readFileSync, readlinkSync } from "node:fs";
import { join } from "node:path";

/** The host's top-level directories that containers of base "host" see. */
export interface HostDirectories {
  /** Real directories, such as `usr` and `opt`. */
  readonly directories: readonly string[];
  /** Links such as `bin` to `usr/bin`. */
  readonly links: ReadonlyMap<string, string>;
}

const candidates = ["usr", "opt", "bin", "sbin", "lib", "lib32", "lib64", "libx32"];

/** Looks at the host's root directory. */
export function findHostDirectories(root = "/"): HostDirectories {
  const directories: string[] = [];
  const links = new Map<string, string>();
  for (const name of candidates) {
    const path = join(root, name);
    const stats = lstatSync(path, { throwIfNoEntry: false });
    if (stats?.isDirectory()) directories.push(name);
    else if (stats?.isSymbolicLink()) links.set(name, readlinkSync(path));
  }
  return { directories, links };
}

/** A line of /proc/PID/mountinfo. */
export interface MountInfo {
  readonly mountPoint: string;
  readonly options: readonly string[];
  readonly type: string;
}

/** Reads a process's mounts. */
export function readMountInfo(file = "/proc/self/mountinfo"): readonly MountInfo[] {
  return readFileSync(file, "utf8").split("\n").flatMap(parseMountInfo);
}

function parseMountInfo(line: string): MountInfo[] {
  const fields = line.split(" ");
  const [, , , , mountPoint, options] = fields;
  if (mountPoint === undefined || options === undefined) return [];
  const unescaped = mountPoint.replace(/\\([0-7]{3})/g, (_, octal: string) =>
    String.fromCharCode(Number.parseInt(octal, 8)),
  );
  const type = fields[fields.indexOf("-") + 1] ?? "";
  return [{ mountPoint: unescaped, options: options.split(","), type }];
}

/** Whether something is mounted below a directory. */
export function hasSubmounts(directory: string, mounts: readonly MountInfo[]): boolean {
  return mounts.some(({ mountPoint }) => mountPoint.startsWith(`${directory}/`));
}

/** Flags that a bind of a path must keep, since a user namespace may not clear them. */
export function lockedFlags(path: string, mounts: readonly MountInfo[]): readonly string[] {
  const holder = mounts
    .filter(
      ({ mountPoint }) =>
        path === mountPoint || `${path}/`.startsWith(`${mountPoint}/`.replace("//", "/")),
    )
    .reduce<MountInfo | undefined>(
      (best, mount) => (best && best.mountPoint.length > mount.mountPoint.length ? best : mount),
      undefined,
    );
  return holder?.options.includes("noexec") ? ["noexec"] : [];
}
