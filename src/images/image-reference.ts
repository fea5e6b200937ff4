import { formatReference, parseReference } from "./registry/reference.ts";

/**
 * Brings an image's name to one spelling: "app" and "docker.io/library/app" are "app:latest".
 *
 * @throws {ImageError} BAD_REFERENCE when it is no name of an image
 */
export function normalizeReference(text: string): string {
  const reference = parseReference(text);
  const isBare = reference.tag === undefined && reference.digest === undefined;
  const full = formatReference({ ...reference, ...(isBare && { tag: "latest" }) });
  return full.replace(/^docker\.io\/(library\/(?=[^/]+$))?/, "");
}
