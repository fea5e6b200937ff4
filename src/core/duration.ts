import { ContainerError } from "../errors/container-error.ts";
import { shown } from "../errors/shown.ts";

/** `"30s"`, `"10m"`, `"1h30m"`, `"1d"`, `"500ms"`, `"1.5h"`; or a number of seconds. */
export type Duration = string | number;

const UNIT_MS = [86_400_000, 3_600_000, 60_000, 1_000, 1];
// Units fall from days to milliseconds, each at most once, so that "30m1h" and "5s5s" are typos.
const SHAPE = ["d", "h", "m", "s", "ms"].map((unit) => `(?:(\\d+(?:\\.\\d+)?)${unit})?`).join("");
const DURATION = new RegExp(`^${SHAPE}$`);
// A century: longer is a mistake of units, and an alarm that far may not fit a Date.
const MAX_MS = 36_500 * 86_400_000;

/**
 * Reads a duration.
 *
 * Zero is a duration: `sleepAfter = 0` means "as soon as nothing is in flight", as with
 * `@cloudflare/containers`.
 *
 * @param value text with units, or a number of seconds
 * @param field what it is for, as the error names it
 * @returns whole milliseconds, from 0 to a century
 * @throws {ContainerError} `INVALID_DURATION` when it is neither, negative, not finite or too long
 */
export function parseDuration(value: Duration, field: string): number {
  const durationMs = Math.round(typeof value === "number" ? value * 1_000 : parseText(value));
  if (durationMs >= 0 && durationMs <= MAX_MS) return durationMs;
  throw new ContainerError(
    "INVALID_DURATION",
    `Cannot read ${field}: ${shown(value)} is not a duration; use "10m", "1h30m", "500ms" or seconds, at most 36500d`,
    { details: { field } },
  );
}

function parseText(value: unknown): number {
  const parts = typeof value === "string" && value !== "" ? DURATION.exec(value) : null;
  if (parts === null) return NaN;
  return UNIT_MS.reduce((sum, unitMs, i) => sum + Number(parts[i + 1] ?? 0) * unitMs, 0);
}
