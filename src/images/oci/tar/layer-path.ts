import { unsafe } from "./layer-directory.ts";

/**
 * Brings the name of an entry to a path within a layer: without `./`, doubled or last slashes.
 *
 * @returns "" for the root
 * @throws {ImageError} ARCHIVE_UNSAFE when it leads out, or is no name that a file can have
 */
export function toLayerPath(name: string): string {
  if (name.startsWith("/")) throw unsafe(name, "its name is absolute");
  if (name.includes("\0")) throw unsafe(name, "its name has a zero byte");
  if (name.includes("\uFFFD")) throw unsafe(name, "its name is not UTF-8");
  const parts = name.split("/").filter((part) => part !== "" && part !== ".");
  if (parts.includes("..")) throw unsafe(name, "its name leads upwards");
  if (parts.length === 0 && name === "") throw unsafe(name, "it has no name");
  return parts.join("/");
}
