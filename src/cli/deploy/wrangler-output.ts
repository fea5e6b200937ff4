import { readFile, stat } from "node:fs/promises";

import { textOf } from "./parse-wrangler-json.ts";

/** The file to which wrangler adds what it did: one JSON object a line. */
export interface WranglerOutput {
  /** For `WRANGLER_OUTPUT_FILE_PATH`. */
  readonly path: string;
  /** Reads which Worker version was deployed since; undefined when none was. */
  readonly readVersion: () => Promise<string | undefined>;
}

/**
 * Watches wrangler's output file from now on.
 *
 * @param path of the file, which may have entries of earlier commands
 */
export async function watchWranglerOutput(path: string): Promise<WranglerOutput> {
  const { size } = await stat(path).catch(() => ({ size: 0 }));
  return { path, readVersion: () => readVersion(path, size) };
}

async function readVersion(path: string, fromByte: number): Promise<string | undefined> {
  const bytes = await readFile(path).catch(() => Buffer.alloc(0));
  const versions = bytes
    .toString("utf8", fromByte)
    .split("\n")
    .flatMap((line) => {
      const entry = parseLine(line);
      return textOf(entry, "type") === "deploy" ? (textOf(entry, "version_id") ?? []) : [];
    });
  return versions.at(-1);
}

function parseLine(line: string): unknown {
  try {
    const value: unknown = JSON.parse(line);
    return value;
  } catch {
    return undefined; // the empty line at the end, or one that is being written
  }
}
