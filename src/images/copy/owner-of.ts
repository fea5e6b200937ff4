import { readFile } from "node:fs/promises";

import { ImageError } from "../image-error.ts";
import type { Owner } from "../layer/layer-owners.ts";
import type { RootTree } from "../layer/root-tree.ts";

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
  nogroup: 65_534,
};

/**
 * Resolves `--chown` by the image's own account files.
 *
 * @param text `user`, `uid`, `user:group`, `uid:gid`
 * @throws {ImageError} DOCKERFILE_INVALID when a name is unknown
 */
export async function ownerOf(text: string, tree: RootTree, line: number): Promise<Owner> {
  const [user = "", group = ""] = text.split(":");
  const account = await findAccount(user, "/etc/passwd", tree);
  if (account === undefined) throw unknown("user", user, line);
  if (group === "") return account;
  const entry = await findAccount(group, "/etc/group", tree);
  if (entry === undefined) throw unknown("group", group, line);
  return { uid: account.uid, gid: entry.uid };
}

/** As in BuildKit: a number is its own group, a name has that of its account. */
async function findAccount(
  name: string,
  path: "/etc/passwd" | "/etc/group",
  tree: RootTree,
): Promise<Owner | undefined> {
  if (/^\d+$/.test(name)) return { uid: Number(name), gid: Number(name) };
  const row = (await readTable(tree, path)).find(([first]) => first === name);
  const known = tree.base === "host" || name === "root" ? baseIds[name] : undefined;
  if (row !== undefined) return { uid: Number(row[2]), gid: Number(row[3]) };
  return known === undefined ? undefined : { uid: known, gid: known };
}

/** @returns the home directory of a user by the image's own account file */
export async function findHome(user: string, tree: RootTree): Promise<string | undefined> {
  const rows = await readTable(tree, "/etc/passwd");
  const row = rows.find(([name, , uid]) => name === user || uid === user);
  return row?.[5] === "" ? undefined : row?.[5];
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
