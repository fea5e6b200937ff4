import { ContainerError } from "../errors/container-error.ts";
import { shown } from "../errors/shown.ts";

// The furthest moment that a Date can tell.
const MAX_MS = 8_640_000_000_000_000;

/**
 * Reads a moment.
 *
 * @param at a Date, or milliseconds since the epoch
 * @param what what it is for, as the error names it
 * @returns milliseconds since the epoch
 * @throws {ContainerError} `INVALID_ARGUMENT` when it is neither
 */
export function parseMoment(at: unknown, what: string): number {
  const atMs = at instanceof Object && "getTime" in at ? Number(at) : at;
  if (typeof atMs === "number" && atMs >= 0 && atMs <= MAX_MS) return atMs;
  throw new ContainerError(
    "INVALID_ARGUMENT",
    `Cannot set ${what}: ${shown(at)} is not a moment; use a Date or milliseconds since the epoch`,
  );
}
