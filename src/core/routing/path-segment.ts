/**
 * Reads one segment of a path.
 *
 * @param pathname as a URL has it
 * @param where the segment's index from 0, or a pattern whose one `:name` is it, for example
 * `"/sessions/:id"`; what comes after the pattern may be anything
 * @returns the segment, decoded; undefined when there is none or it cannot be decoded
 */
export function pathSegment(pathname: string, where: number | string): string | undefined {
  const segments = pathname.split("/").slice(1);
  if (typeof where === "number") return decode(segments[where]);
  const pattern = where.split("/").filter(Boolean);
  const found = pattern.findIndex((part) => part.startsWith(":"));
  const isMatch = pattern.every((part, i) => i === found || part === segments[i]);
  return isMatch ? decode(segments[found]) : undefined;
}

/** Says whether {@link pathSegment} can use `where`. */
export function isPathSource(where: number | string): boolean {
  if (typeof where === "number") return Number.isSafeInteger(where) && where >= 0;
  return where.startsWith("/") && where.split("/:").length === 2;
}

function decode(segment: string | undefined): string | undefined {
  try {
    return segment && decodeURIComponent(segment);
  } catch {
    return undefined; // a malformed escape is the client's mistake, and no session
  }
}
