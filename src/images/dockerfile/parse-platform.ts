import { ImageError } from "../image-error.ts";
import type { Platform } from "../oci/descriptor.ts";
import { hostPlatform } from "../oci/platform.ts";

const aliases: Readonly<Record<string, string>> = {
  x86_64: "amd64",
  aarch64: "arm64",
};

/**
 * Reads `os/architecture[/variant]`; `linux` alone is this machine's architecture.
 *
 * @param line of the Dockerfile, when it stands in one
 * @throws {ImageError} DOCKERFILE_INVALID
 */
export function parsePlatform(text: string, line?: number): Platform {
  const match = /^([a-z]+)(?:\/([a-z0-9_]+)(?:\/([a-z0-9]+))?)?$/.exec(text.toLowerCase());
  if (match?.[1] === undefined) throw invalid(text, line);
  const [, os, named = hostPlatform.architecture, variant] = match;
  const architecture = aliases[named] ?? named;
  // The one variant that goes without saying.
  const isPlain = variant === undefined || (architecture === "arm64" && variant === "v8");
  return { os, architecture, ...(!isPlain && { variant }) };
}

function invalid(text: string, line: number | undefined): ImageError {
  const at = line === undefined ? "" : ` at line ${line}`;
  return new ImageError(
    "DOCKERFILE_INVALID",
    `Cannot read platform${at}: ${JSON.stringify(text)}; write it as linux/amd64`,
    line === undefined ? {} : { line },
  );
}
