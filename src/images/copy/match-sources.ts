import { posix } from "node:path";

import type { FileTree } from "./file-tree.ts";

/** @returns whether a source of COPY has wildcards */
export function hasWildcard(pattern: string): boolean {
  return /[*?[]/.test(pattern.replaceAll(/\\./g, ""));
}

/**
 * Finds what a source of COPY names: `*`, `?` and `[a-z]` match within one part of a path.
 *
 * @param tree where to look
 * @param pattern relative to the tree's root
 * @returns paths without symlinks in their parents, sorted; the last part may be one
 */
export async function matchSources(tree: FileTree, pattern: string): Promise<readonly string[]> {
  const parts = posix
    .join("/", pattern)
    .split("/")
    .filter((part) => part !== "");
  let paths: readonly string[] = ["/"];
  for (const part of parts) {
    const next: string[] = [];
    for (const path of paths) next.push(...(await matchPart(tree, path, part)));
    paths = next;
  }
  return paths;
}

async function matchPart(tree: FileTree, path: string, part: string): Promise<readonly string[]> {
  const parent = await tree.resolve(path);
  if (!hasWildcard(part)) {
    const child = posix.join(parent, part.replaceAll(/\\(.)/g, "$1"));
    return (await tree.lookup(child)) === undefined ? [] : [child];
  }
  if ((await tree.lookup(parent))?.kind !== "directory") return [];
  const expression = toRegExp(part);
  const names = (await tree.list(parent)).filter((name) => expression.test(name));
  const children = names.map((name) => posix.join(parent, name));
  const found = await Promise.all(children.map((child) => tree.lookup(child)));
  return children.filter((_child, index) => found[index] !== undefined);
}

function toRegExp(part: string): RegExp {
  const tokens = part.match(/\\.|\*+|\[\^?[^\]]+\]|[^]/gu) ?? [];
  return new RegExp(`^${tokens.map(toSource).join("")}$`, "su");
}

function toSource(token: string): string {
  if (token.startsWith("*")) return ".*";
  if (token === "?") return ".";
  const set = /^\[(\^?)(.+)\]$/su.exec(token);
  if (set !== null) return `[${set[1] ?? ""}${(set[2] ?? "").replaceAll(/[\\[\]^]/g, "\\$&")}]`;
  return (token.length > 1 ? token.slice(1) : token).replace(/[.*+?^${}()|[\]\\/]/, "\\$&");
}
