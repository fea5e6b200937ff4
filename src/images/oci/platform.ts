import { ImageError } from "../image-error.ts";
import type { Platform } from "./descriptor.ts";

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

/** Tells whether something for a platform runs where another is wanted. */
export function isPlatform(found: Platform, wanted: Platform): boolean {
  if (found.os !== wanted.os || found.architecture !== wanted.architecture) return false;
  return wanted.variant === undefined || found.variant === wanted.variant;
}

/** Makes the error that names what there is instead. */
export function platformMissing(wanted: Platform, found: readonly Platform[]): ImageError {
  const names = [...new Set(found.map(formatPlatform))].join(", ");
  const text = `Cannot take the image for ${formatPlatform(wanted)}: there is ${names || "none"}`;
  return new ImageError("PLATFORM_MISSING", `${text}; name one of them, or another image`);
}
