import { SandboxError } from "./sandbox-error.ts";

/** Whom a process of a container runs as. */
export interface ContainerUser {
  readonly uid: number;
  readonly gid: number;
  /** Supplementary groups. */
  readonly groups: readonly number[];
}

/** The container's own account files; `undefined` when it has none. */
export interface AccountFiles {
  readonly passwd: string | undefined;
  readonly group: string | undefined;
}

/**
 * Resolves Docker's `user` by the container's own files.
 *
 * @param user `name`, `uid`, `name:group`, `uid:gid`; root when absent or empty
 * @throws {SandboxError} `USER_UNKNOWN` when a name is not there
 */
export function resolveUser(user: string | undefined, files: AccountFiles): ContainerUser {
  const [name = "", groupName] = (user ?? "").split(":");
  const passwd = parseTable(files.passwd);
  const group = parseTable(files.group);
  const account = findAccount(name === "" ? "0" : name, passwd);
  if (account === undefined) throw unknown("user", name, passwd);
  const uid = Number(account[2]);
  if (groupName === undefined || groupName === "")
    return { uid, gid: Number(account[3]), groups: groupsOf(account[0] ?? "", group) };
  const entry = findAccount(groupName, group);
  if (entry === undefined) throw unknown("group", groupName, group);
  return { uid, gid: Number(entry[2]), groups: [] };
}

type Row = readonly string[];

function parseTable(text: string | undefined): readonly Row[] {
  return (text ?? "")
    .split("\n")
    .map((line) => line.split(":"))
    .filter((row) => row.length >= 3);
}

function findAccount(name: string, table: readonly Row[]): Row | undefined {
  const byName = table.find((row) => row[0] === name);
  if (byName !== undefined || !/^\d+$/.test(name)) return byName;
  return table.find((row) => row[2] === name) ?? ["", "x", name, "0"];
}

function groupsOf(name: string, table: readonly Row[]): readonly number[] {
  if (name === "") return [];
  return table.filter((row) => row[3]?.split(",").includes(name)).map((row) => Number(row[2]));
}

function unknown(kind: string, name: string, table: readonly Row[]): SandboxError {
  const names = table.map((row) => row[0]).slice(0, 20);
  return new SandboxError(
    "USER_UNKNOWN",
    `Cannot run as ${kind} "${name}": not in the container's /etc/${kind === "user" ? "passwd" : "group"} ` +
      `(${names.join(", ") || "which is empty"}); add it in the image or use a number`,
  );
}
