import { readFile } from "node:fs/promises";

import { textOf } from "./parse-wrangler-json.ts";

/**
 * Reads from wrangler's output file which Worker version a deployment made.
 *
 * @param path what `WRANGLER_OUTPUT_FILE_PATH` says: one JSON object a line
 * @returns undefined when it made none
 */
export async function readDeployedVersion(path: string): Promise<string | undefined> {
  const text = await readFile(path, "utf8").catch(() => "");
  const versions = text.split("\n").flatMap((line) => {
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
