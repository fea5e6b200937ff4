import { unsafe } from "./layer-directory.ts";

/**
 * Brings the name of an entry to a path within a layer: without `./`, doubled or last slashes.
 *
 * @param linkName the target of a hard link, which is looked up instead of the entry's own name
 * @returns "" for the root
 * @throws {ImageError} ARCHIVE_UNSAFE when it leads out, or is no name that a file can have
 */
export function toLayerPath(name: string, linkName?: string): string {
  const path = linkName ?? name;
  const what = linkName === undefined ? "its name" : `its target ${JSON.stringify(linkName)}`;
  if (path.startsWith("/")) throw unsafe(name, `${what} is absolute`);
  if (path.includes("\0")) throw unsafe(name, `${what} has a zero byte`);
  if (path.includes("\uFFFD")) throw unsafe(name, `${what} is not UTF-8`);
  const parts = path.split("/").filter((part) => part !== "" && part !== ".");
  if (parts.includes("..")) throw unsafe(name, `${what} leads upwards`);
  if (path === "") throw unsafe(name, `${what} is empty`);
  return parts.join("/");
}
