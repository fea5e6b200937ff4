import { basename, resolve } from "node:path";

import { parseDuration } from "../../core/duration.ts";
import { normalizeReference } from "../../images/image-reference.ts";
import type { Platform } from "../../images/oci/descriptor.ts";
import { CliError } from "../cli-error.ts";

/**
 * Reads `--platform`: "linux/amd64", "linux/arm64/v8".
 *
 * @throws {CliError} BAD_OPTION
 */
export function parsePlatform(text: string): Platform {
  const match = /^([a-z0-9]+)\/([a-z0-9_]+)(?:\/([a-z0-9.]+))?$/.exec(text);
  const [, os, architecture, variant] = match ?? [];
  if (os === undefined || architecture === undefined) {
    throw new CliError(
      "BAD_OPTION",
      `Cannot use --platform ${text}; write it as linux/amd64, which is what Cloudflare runs`,
    );
  }
  return { os, architecture, ...(variant !== undefined && { variant }) };
}

/**
 * Reads `--build-arg`: "NAME=value", or "NAME" for the environment's value. One that the
 * environment does not have is left out, as Docker does.
 *
 * @throws {CliError} BAD_OPTION
 */
export function parseBuildArgs(
  texts: readonly string[],
  env: NodeJS.ProcessEnv,
): Readonly<Record<string, string>> {
  const pairs = texts.map((text): readonly [string, string | undefined] => {
    const [, name = "", value] = /^([^=]*)(?:=([\s\S]*))?$/.exec(text) ?? [];
    if (name === "") {
      throw new CliError("BAD_OPTION", `Cannot use --build-arg ${text}; write NAME=value`);
    }
    return [name, value ?? env[name]];
  });
  return Object.fromEntries(
    pairs.filter((pair): pair is [string, string] => pair[1] !== undefined),
  );
}

/**
 * Reads `--tag`, given any number of times; without it the image has its directory's name.
 *
 * @throws {CliError} BAD_OPTION when a name is none, or the directory's can't be one
 */
export function parseTags(
  texts: readonly string[],
  contextDir: string,
): readonly [string, ...string[]] {
  for (const text of texts) {
    if (!isReference(text) || text.includes("@")) {
      throw new CliError("BAD_OPTION", `Cannot use --tag ${text}; write name:tag in lower case`);
    }
  }
  const [first, ...others] = texts;
  if (first !== undefined) return [first, ...others];
  const name = basename(resolve(contextDir)).toLowerCase();
  if (isReference(name)) return [name];
  throw new CliError(
    "BAD_OPTION",
    `Cannot name the image: ${contextDir} has no name that an image can have; give --tag name:tag`,
  );
}

/**
 * Reads `--unused-for`: "1h", "30m", "0s".
 *
 * @returns milliseconds
 * @throws {CliError} BAD_OPTION
 */
export function parseUnusedFor(text: string): number {
  try {
    return parseDuration(text, "--unused-for");
  } catch (cause) {
    const fix = 'write it as "1h", "30m" or "0s"';
    throw new CliError("BAD_OPTION", `Cannot use --unused-for ${text}; ${fix}`, { cause });
  }
}

function isReference(text: string): boolean {
  try {
    normalizeReference(text);
    return true;
  } catch {
    return false; // its one reason to throw
  }
}
