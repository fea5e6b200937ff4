import type { Descriptor } from "./descriptor.ts";

/** An image of a layout. */
export interface LayoutEntry {
  /** Of a manifest or an index. */
  readonly manifest: Descriptor;
  /** The image's name, if the layout gives one. */
  readonly reference?: string;
}

/** The file that says that a directory or archive is a layout. */
export const LAYOUT_FILE = "oci-layout";
export const LAYOUT_VERSION = "1.0.0";
export const INDEX_FILE = "index.json";
/** What `docker save` and `docker load` look for. */
export const DOCKER_FILE = "manifest.json";
/** Where an index keeps an image's name. */
export const REFERENCE_ANNOTATION = "org.opencontainers.image.ref.name";

/** Says where a layout keeps a blob. */
export function blobPathOf(digest: string): string {
  return `blobs/${digest.replace(":", "/")}`;
}
