import { lstatSync } from "node:fs";

import { toEntry, type TreeEntry } from "./tree-entry.ts";

const hostDirectories = ["bin", "sbin", "usr", "opt"];
const privateModes: Readonly<Record<string, number>> = {
  root: 0o700,
  tmp: 0o1777,
  "var/tmp": 0o1777,
  "run/lock": 0o1777,
};
const privateDirectories = [
  ...["", "root", "tmp", "etc", "home", "home/node", "proc", "sys", "dev", "run", "run/lock"],
  ...["mnt", "media", "srv", "var", "var/cache", "var/lib", "var/local", "var/log", "var/mail"],
  ...["var/opt", "var/spool", "var/tmp", "var/www"],
];

/**
 * Looks at the base "host" as the sandbox lays it out: some directories of the host, the rest
 * made anew. Nothing else of the host can be named in a Dockerfile.
 *
 * @param path without leading slash
 */
export function statHostBase(path: string): TreeEntry | undefined {
  if (privateDirectories.includes(path)) {
    const mode = privateModes[path] ?? 0o755;
    return { kind: "directory", source: undefined, mode, uid: 0, gid: 0 };
  }
  const [first = ""] = path.split("/");
  if (!hostDirectories.includes(first) && !/^lib\w*$/.test(first)) return undefined;
  const stats = lstatSync(`/${path}`, { throwIfNoEntry: false });
  return stats === undefined ? undefined : toEntry(stats, `/${path}`);
}
