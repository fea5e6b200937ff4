import { basename } from "node:path";

import { ImageError } from "../../images/image-error.ts";
import type { LayoutEntry } from "../../images/oci/layout-entry.ts";
import type { LayoutReference } from "../../images/resolve-image.ts";

/**
 * Finds one image of a layout.
 *
 * @throws {ImageError} NO_SUCH_IMAGE, with what there is
 */
export function chooseEntry(
  entries: readonly LayoutEntry[],
  { path, name }: LayoutReference,
): LayoutEntry {
  const matching = name === undefined ? entries : entries.filter((entry) => isNamed(entry, name));
  const [entry] = matching;
  const digests = new Set(matching.map(({ manifest }) => manifest.digest));
  if (entry !== undefined && digests.size === 1) return entry;
  const known = entries.map(({ manifest, reference }) => reference ?? manifest.digest).join(", ");
  const wanted = name === undefined ? "the one image" : `image ${name}`;
  throw new ImageError(
    "NO_SUCH_IMAGE",
    `Cannot find ${wanted} of ${path}: it holds ${known === "" ? "none" : known}; ` +
      "write PATH:TAG or PATH@sha256:…",
  );
}

function isNamed({ manifest, reference }: LayoutEntry, name: string): boolean {
  if (manifest.digest === name || reference === name) return true;
  return reference?.endsWith(`:${name}`) === true;
}

/**
 * Says what an image of a layout is called in the store. Layouts name images by their tag alone,
 * too: then the layout's own name stands before it.
 *
 * @param reference as the layout has it
 */
export function nameOfEntry(reference: string, path: string): string {
  if (/[:/]/.test(reference)) return reference;
  const name = basename(path).replace(/\.(tar|tgz|tar\.gz|oci)$/, "");
  return `${name.toLowerCase()}:${reference}`;
}
