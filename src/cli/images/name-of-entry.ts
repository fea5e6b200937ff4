import { basename } from "node:path";

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
