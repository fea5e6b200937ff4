import { readFile } from "node:fs/promises";

import { CliError } from "../cli-error.ts";
import type { ImageUse } from "../../images/guard/find-users.ts";
import { isDigest } from "../../images/oci/is-digest.ts";

/**
 * Reads which images to keep: a reference or a digest a line; `#` begins a comment.
 *
 * @throws {CliError} BAD_OPTION when the file can't be read, or a line is neither
 */
export async function readKeepFile(path: string): Promise<readonly ImageUse[]> {
  const text = await readFile(path, "utf8").catch((cause: unknown) => {
    const why = cause instanceof Error ? cause.message : String(cause);
    throw new CliError("BAD_OPTION", `Cannot read --keep-file ${path}: ${why}`, { cause });
  });
  return text.split("\n").flatMap((line, index) => {
    const reference = line.replace(/(^|\s)#.*$/, "").trim();
    if (reference === "") return [];
    if (/\s/.test(reference) || (!isDigest(reference) && !/[/:]/.test(reference))) {
      const what = `line ${index + 1} is ${JSON.stringify(reference)}`;
      const fix = "write registry/name:tag, registry/name@sha256:… or sha256:…";
      throw new CliError("BAD_OPTION", `Cannot use --keep-file ${path}: ${what}; ${fix}`);
    }
    const by = `${path}, line ${index + 1}`;
    return [{ by, breaks: "it is to be kept", wants: { kind: "reference", reference } }];
  });
}
