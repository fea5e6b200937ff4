import { ImageError } from "./image-error.ts";

// Components, an optional port in the first, then tag and digest: the grammar of Docker's names.
const reference =
  /^(?<name>[a-z0-9]+(?:[._-]+[a-z0-9]+)*(?::\d+(?=\/))?(?:\/[a-z0-9]+(?:[._-]+[a-z0-9]+)*)*)(?::(?<tag>[\w][\w.-]{0,127}))?(?:@(?<digest>sha256:[0-9a-f]{64}))?$/i;

/**
 * Brings an image's name to one spelling: "app" and "docker.io/library/app" are "app:latest".
 *
 * @throws {ImageError} BAD_REFERENCE when it is no name of an image
 */
export function normalizeReference(text: string): string {
  const short = text.replace(/^(index\.)?docker\.io\/(library\/(?=[^/]+$))?/, "");
  const groups = reference.exec(short)?.groups;
  if (groups?.["name"] === undefined) {
    throw new ImageError(
      "BAD_REFERENCE",
      `Cannot read image name: ${JSON.stringify(text)}; write it as name:tag in lower case`,
    );
  }
  const { name, tag, digest } = groups;
  if (digest !== undefined && tag === undefined) return `${name}@${digest}`;
  return `${name}:${tag ?? "latest"}${digest === undefined ? "" : `@${digest}`}`;
}
