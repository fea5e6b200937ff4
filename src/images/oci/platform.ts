import { ImageError } from "../image-error.ts";
import type { Descriptor, Platform } from "./descriptor.ts";
import { isJsonObject } from "./json-fields.ts";

/** What Cloudflare runs. */
export const defaultPlatform: Platform = { os: "linux", architecture: "amd64" };

/** What is built here, where nothing is emulated. */
export const hostPlatform: Platform = {
  os: "linux",
  architecture: process.arch === "x64" ? "amd64" : process.arch,
};

/** Writes a platform as `--platform` takes it. */
export function formatPlatform({ os, architecture, variant }: Platform): string {
  return [os, architecture, variant].filter((part) => part !== undefined).join("/");
}

/** Reads the platform of an index's entry, or of a config: both have the same fields. */
export function toPlatform(value: unknown): Platform | undefined {
  if (!isJsonObject(value)) return undefined;
  const { os, architecture, variant } = value;
  if (typeof os !== "string" || typeof architecture !== "string") return undefined;
  const isVariant = typeof variant === "string" && variant !== "";
  return { os, architecture, ...(isVariant && { variant }) };
}

/** Takes what an image runs on from what says more of it. */
export function pickPlatform({ os, architecture, variant }: OptionalVariant): Platform {
  return { os, architecture, ...(variant !== undefined && { variant }) };
}

type OptionalVariant = Omit<Platform, "variant"> & { readonly variant?: string | undefined };

/** Tells whether something for a platform runs where another is wanted. */
export function isPlatform(found: Platform, wanted: Platform): boolean {
  if (found.os !== wanted.os || found.architecture !== wanted.architecture) return false;
  return wanted.variant === undefined || found.variant === wanted.variant;
}

/**
 * Finds what runs on a platform in an index; of several, one without a variant. An entry that
 * names no platform is taken when it is the only one: its config tells the rest.
 *
 * @param name the image, for what is printed
 * @throws {ImageError} PLATFORM_MISSING, with what there is
 */
export function choosePlatform(
  entries: readonly Descriptor[],
  wanted: Platform,
  name?: string,
): Descriptor {
  const fits = entries.filter(
    ({ platform }) => platform !== undefined && isPlatform(platform, wanted),
  );
  const found = fits.find(({ platform }) => platform?.variant === undefined) ?? fits[0];
  const [only] = entries;
  const isOnly = entries.length === 1 && only?.platform === undefined;
  const chosen = found ?? (isOnly ? only : undefined);
  if (chosen !== undefined) return chosen;
  const there = entries.flatMap(({ platform }) => platform ?? []);
  throw platformMissing(
    wanted,
    there.filter(({ os }) => os !== "unknown"), // attestations
    name,
  );
}

/** Makes the error that names what there is instead. */
export function platformMissing(
  wanted: Platform,
  found: readonly Platform[],
  name = "the image",
): ImageError {
  const names = [...new Set(found.map(formatPlatform))].join(", ");
  const text = `Cannot take ${name} for ${formatPlatform(wanted)}: there is ${names || "none"}`;
  return new ImageError("PLATFORM_MISSING", `${text}; name one of them, or another image`);
}
