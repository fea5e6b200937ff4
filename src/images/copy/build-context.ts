import { join } from "node:path";

import createIgnore, { type Ignore } from "@balena/dockerignore";

import { RootTree } from "../layer/root-tree.ts";
import { readTextFile } from "../read-text-file.ts";
import type { FileTree } from "./file-tree.ts";

/** The directory that COPY reads, less what its .dockerignore excludes. */
export interface BuildContext extends FileTree {
  /** Its absolute path. */
  readonly directory: string;
  /** Whether .dockerignore excludes a path (relative, no leading slash). */
  isIgnored(path: string): boolean;
}

/**
 * Opens a build context. Symlinks in it are followed within it only: one that leads out leads to
 * the place of that name inside.
 *
 * @param directory its absolute path
 * @param ignoreFiles absolute paths of what wins over its own .dockerignore, the first that exists
 */
export async function openBuildContext(
  directory: string,
  ignoreFiles: readonly string[] = [],
): Promise<BuildContext> {
  const rules = await readRules([...ignoreFiles, join(directory, ".dockerignore")]);
  const ignore = rules === undefined ? undefined : toIgnore(rules);
  const mayUndo = rules?.split("\n").some((line) => line.trimStart().startsWith("!")) ?? false;
  const isIgnored = (path: string): boolean => path !== "" && (ignore?.ignores(path) ?? false);
  const tree = new RootTree([{ directory, opaque: [], isGrowing: true }], "none");
  return {
    directory,
    isIgnored,
    lookup: async (path) => {
      const entry = await tree.lookup(path);
      const relative = path.replace(/^\/+/, "");
      if (entry === undefined || !isIgnored(relative)) return entry;
      return entry.kind === "directory" && mayUndo ? entry : undefined;
    },
    list: (path) => tree.list(path),
    resolve: (path) => tree.resolve(path),
  };
}

async function readRules(paths: readonly string[]): Promise<string | undefined> {
  for (const path of paths) {
    const rules = await readIfThere(path);
    if (rules !== undefined) return rules;
  }
  return undefined;
}

async function readIfThere(path: string): Promise<string | undefined> {
  return readTextFile(path).catch((error: unknown) => {
    if (error instanceof Error && "code" in error && error.code === "ENOENT") return undefined;
    throw error;
  });
}

function toIgnore(rules: string): Ignore {
  return createIgnore({ ignorecase: false }).add(rules);
}
