import { readFileSync } from "node:fs";

/**
 * Reads a text, of some kilobytes as a rule. Without Node's thread pool, whose four turns (open, stat,
 * read, close) take ten times what the kernel takes.
 *
 * @returns undefined when it can't be read
 */
export function readSmallFile(path: string): string | undefined {
  try {
    return readFileSync(path, "utf8");
  } catch {
    return undefined; // the caller says what is missing then
  }
}
