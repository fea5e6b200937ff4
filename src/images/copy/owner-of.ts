import { readFile } from "node:fs/promises";

import { ImageError } from "../image-error.ts";
import type { RootTree } from "../layer/root-tree.ts";

/** A numeric owner. */
export interface Owner {
  readonly uid: number;
  readonly gid: number;
}

// Those of the sandbox's own /etc/passwd, which stands when no layer brings one.
const baseIds: Readonly<Record<string, number>> = {
  root: 0,
  daemon: 1,
  bin: 2,
  sys: 3,
  mail: 8,
  "www-data": 33,
  node: 1000,
  nobody: 65_534,
};

/**
 * Resolves `--chown` by the image's own account files.
 *
 * @param text `user`, `uid`, `user:group`, `uid:gid`
 * @throws {ImageError} DOCKERFILE_INVALID when a name is unknown
 */
export async function ownerOf(text: string, tree: RootTree, line: number): Promise<Owner> {
  const [user = "", group] = text.split(":");
  const passwd = await readTable(tree, "/etc/passwd");
  const account = passwd.find((row) => row[0] === user || row[2] === user);
  const uid = toId(user, account?.[2] ?? baseIds[user]);
  const ownGroup = account?.[3] ?? (Number.isInteger(Number(user)) ? user : uid);
  if (uid === undefined) throw unknown("user", user, line);
  if (group === undefined || group === "") return { uid, gid: Number(ownGroup) };
  const row = (await readTable(tree, "/etc/group")).find((item) => item[0] === group);
  const gid = toId(group, row?.[2] ?? baseIds[group === "nogroup" ? "nobody" : group]);
  if (gid === undefined) throw unknown("group", group, line);
  return { uid, gid };
}

function toId(name: string, known: string | number | undefined): number | undefined {
  if (/^\d+$/.test(name)) return Number(name);
  return known === undefined ? undefined : Number(known);
}

async function readTable(tree: RootTree, path: string): Promise<readonly (readonly string[])[]> {
  const entry = await tree.lookup(await tree.resolve(path));
  if (entry?.kind !== "file" || entry.source === undefined) return [];
  const text = await readFile(entry.source, "utf8");
  return text.split("\n").map((row) => row.split(":"));
}

function unknown(kind: "user" | "group", name: string, line: number): ImageError {
  return new ImageError(
    "DOCKERFILE_INVALID",
    `Cannot chown at line ${line}: no ${kind} ${JSON.stringify(name)} in the image; ` +
      "use a number or add it by RUN first",
    { line },
  );
}
