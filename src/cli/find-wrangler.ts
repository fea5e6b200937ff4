import { execFile } from "node:child_process";
import { existsSync, readFileSync } from "node:fs";
import { createRequire } from "node:module";
import { delimiter, dirname, join } from "node:path";
import { promisify } from "node:util";

import { CliError } from "./cli-error.ts";

/** How to run the project's wrangler. */
export interface WranglerProgram {
  /** A Node that is new enough for it. */
  readonly node: string;
  /** Its command line, a script for {@link node}. */
  readonly script: string;
  /** Its library. */
  readonly module: string;
}

const OLDEST_NODE = [22, 12] as const;

/**
 * Finds the wrangler of a project, and a Node to run it with.
 *
 * @throws {CliError} WRANGLER_NOT_FOUND or NODE_TOO_OLD
 */
export async function findWrangler(projectDir: string): Promise<WranglerProgram> {
  const { script, module } = findScript(projectDir);
  return { script, module, node: await findNode(projectDir) };
}

function findScript(projectDir: string): { readonly script: string; readonly module: string } {
  for (const from of [join(projectDir, "package.json"), import.meta.url]) {
    try {
      const resolver = createRequire(from);
      const manifestPath = resolver.resolve("wrangler/package.json");
      const manifest: unknown = JSON.parse(readFileSync(manifestPath, "utf8"));
      const bin = binOf(manifest);
      if (bin === undefined) continue;
      return { script: join(dirname(manifestPath), bin), module: resolver.resolve("wrangler") };
    } catch {
      continue; // not installed there
    }
  }
  throw new CliError(
    "WRANGLER_NOT_FOUND",
    `Cannot find wrangler from ${projectDir}; install it: npm install --save-dev wrangler`,
  );
}

function binOf(manifest: unknown): string | undefined {
  if (typeof manifest !== "object" || manifest === null || !("bin" in manifest)) return undefined;
  const { bin } = manifest;
  if (typeof bin !== "object" || bin === null || !("wrangler" in bin)) return undefined;
  return typeof bin.wrangler === "string" ? bin.wrangler : undefined;
}

/** wrangler asks for a newer Node than berth; the npm package `node` brings one. */
async function findNode(projectDir: string): Promise<string> {
  if (isNewEnough(process.versions.node)) return process.execPath;
  const candidates = [...localBins(projectDir), ...(process.env["PATH"] ?? "").split(delimiter)]
    .map((directory) => join(directory, "node"))
    .filter((path) => existsSync(path));
  for (const candidate of candidates) {
    const version = await versionOf(candidate);
    if (version !== undefined && isNewEnough(version)) return candidate;
  }
  throw new CliError(
    "NODE_TOO_OLD",
    `Cannot run wrangler on Node ${process.versions.node}; it wants ${OLDEST_NODE.join(".")} or ` +
      "newer: install that, or npm install --save-dev node@24",
  );
}

function localBins(projectDir: string): readonly string[] {
  const bins: string[] = [];
  for (let at = projectDir; ; at = dirname(at)) {
    bins.push(join(at, "node_modules", ".bin"));
    if (at === dirname(at)) return bins;
  }
}

async function versionOf(node: string): Promise<string | undefined> {
  try {
    return (await promisify(execFile)(node, ["--version"])).stdout.trim().replace(/^v/, "");
  } catch {
    return undefined; // not a Node that runs here
  }
}

/** @returns whether wrangler runs on a version of Node, as "24.1.0" */
export function isNewEnough(version: string): boolean {
  const [major = 0, minor = 0] = version.split(".").map(Number);
  return major > OLDEST_NODE[0] || (major === OLDEST_NODE[0] && minor >= OLDEST_NODE[1]);
}
