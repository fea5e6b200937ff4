import { ImageError } from "./image-error.ts";
import type { BuildStore, Image } from "./image-store.ts";
import type { Platform } from "./oci/descriptor.ts";
import { importImage } from "./oci/import-image.ts";
import type { LayoutEntry } from "./oci/layout-entry.ts";
import { readLayout } from "./oci/read-layout.ts";
import type { LayoutReference } from "./resolve-image.ts";

/** What of a layout is taken, and as what. */
export interface ImportLayoutOptions {
  readonly platform: Platform;
  /** A name for the image (default: none). */
  readonly tag?: string;
}

/**
 * Takes one image of an OCI layout or archive, or of an archive of `docker save`, into the store.
 *
 * @throws {ImageError} NO_SUCH_IMAGE when the name is not there, or there are several and none is
 *   named; what reading and importing throw
 */
export async function importLayout(
  store: BuildStore,
  layout: LayoutReference,
  options: ImportLayoutOptions,
): Promise<Image> {
  await using _held = await store.hold();
  const entries = await readLayout(store.blobs, layout.path);
  const { manifest } = chooseEntry(entries, layout);
  return await importImage(store, manifest.digest, options);
}

function chooseEntry(
  entries: readonly LayoutEntry[],
  { path, name }: LayoutReference,
): LayoutEntry {
  const fitting = name === undefined ? entries : entries.filter((entry) => isNamed(entry, name));
  const [first] = fitting;
  const isOne = new Set(fitting.map(({ manifest }) => manifest.digest)).size === 1;
  if (first !== undefined && isOne) return first;
  const names = entries.map(({ reference, manifest }) => reference ?? manifest.digest);
  throw new ImageError(
    "NO_SUCH_IMAGE",
    `Cannot find ${name ?? "the image"} in ${path}: it has ${names.join(", ") || "no images"}; ` +
      "name one of them by PATH:TAG or PATH@DIGEST",
  );
}

/** A layout's own names are tags alone or whole references, as the tool that wrote it has it. */
function isNamed({ reference, manifest }: LayoutEntry, name: string): boolean {
  if (manifest.digest === name) return true;
  return reference === name || reference?.endsWith(`:${name}`) === true;
}
