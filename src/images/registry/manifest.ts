import { createHash } from "node:crypto";

import { ImageError } from "../image-error.ts";
import type { Descriptor, OciImage, Platform } from "../oci/descriptor.ts";

/** What a manifest's bytes say. */
export type Manifest =
  | { readonly kind: "image"; readonly image: OciImage }
  | { readonly kind: "index"; readonly self: Descriptor; readonly entries: readonly Descriptor[] };

const imageTypes = [
  "application/vnd.oci.image.manifest.v1+json",
  "application/vnd.docker.distribution.manifest.v2+json",
];
const indexTypes = [
  "application/vnd.oci.image.index.v1+json",
  "application/vnd.docker.distribution.manifest.list.v2+json",
];

/** The Accept header for manifests; without it a registry may answer with schema 1. */
export const manifestAccept = [...imageTypes, ...indexTypes].join(", ");

/** The most bytes that a manifest may have. */
export const MANIFEST_LIMIT_BYTES = 4 * 1024 * 1024;

/** @returns the digest of content */
export function digestOf(bytes: Uint8Array): string {
  return `sha256:${createHash("sha256").update(bytes).digest("hex")}`;
}

/**
 * Reads a manifest or an index, of the image specification or of Docker.
 *
 * @param declaredType the Content-Type, for a manifest that does not say what it is
 * @throws {ImageError} MANIFEST_INVALID when it is neither, and for schema 1
 */
export function parseManifest(bytes: Uint8Array, name: string, declaredType = ""): Manifest {
  const document = parseJson(bytes);
  if (!isObject(document)) throw invalid(name, "it is no JSON object");
  const mediaType = typeOf(document, declaredType);
  if (document["schemaVersion"] === 1 || mediaType.includes("manifest.v1+")) {
    if (mediaType !== imageTypes[0]) {
      throw invalid(
        name,
        "it is of Docker's schema 1; push it again with a Docker of 2017 or later",
      );
    }
  }
  const self: Descriptor = { mediaType, digest: digestOf(bytes), size: bytes.length };
  if (indexTypes.includes(mediaType)) {
    return { kind: "index", self, entries: descriptorsAt(document, "manifests", name) };
  }
  if (!imageTypes.includes(mediaType)) throw invalid(name, `its type is ${mediaType}`);
  const [config] = descriptorsAt({ config: [document["config"]] }, "config", name);
  if (config === undefined) throw invalid(name, "it has no config");
  return {
    kind: "image",
    image: { manifest: self, config, layers: descriptorsAt(document, "layers", name) },
  };
}

/**
 * Finds what runs on a platform in an index.
 *
 * @throws {ImageError} PLATFORM_MISSING, with what there is
 */
export function choosePlatform(
  entries: readonly Descriptor[],
  wanted: Platform,
  name: string,
): Descriptor {
  const fits = entries.filter(({ platform }) => platform !== undefined && isFit(platform, wanted));
  const [found] = fits.toSorted((a, b) => Number(hasVariant(a)) - Number(hasVariant(b)));
  if (found !== undefined) return found;
  const there = entries.flatMap(({ platform }) =>
    platform === undefined || platform.os === "unknown" ? [] : formatPlatform(platform),
  );
  throw platformMissing(name, wanted, there);
}

/** @returns the error of an image that does not run where it has to */
export function platformMissing(
  name: string,
  wanted: Platform,
  there: readonly string[],
): ImageError {
  const list = there.length === 0 ? "nothing that names a platform" : there.join(", ");
  return new ImageError(
    "PLATFORM_MISSING",
    `Cannot use ${name} on ${formatPlatform(wanted)}: it is there for ${list}`,
  );
}

/** @returns "linux/amd64" */
export function formatPlatform({ os, architecture, variant }: Platform): string {
  return [os, architecture, variant].filter((part) => part !== undefined).join("/");
}

/** Whether something for a platform runs on the wanted one. */
export function isFit(platform: Platform, wanted: Platform): boolean {
  return (
    platform.os === wanted.os &&
    platform.architecture === wanted.architecture &&
    (wanted.variant === undefined || platform.variant === wanted.variant)
  );
}

function hasVariant({ platform }: Descriptor): boolean {
  return platform?.variant !== undefined;
}

/** Old writers leave the type out, in the document or in the header. */
function typeOf(document: Readonly<Record<string, unknown>>, declaredType: string): string {
  const own = document["mediaType"];
  if (typeof own === "string") return own;
  const declared = declaredType.split(";", 1)[0]?.trim() ?? "";
  if (/\+(json|prettyjws)$/.test(declared)) return declared;
  return (Array.isArray(document["manifests"]) ? indexTypes[0] : imageTypes[0]) ?? "";
}

function descriptorsAt(
  document: Readonly<Record<string, unknown>>,
  field: string,
  name: string,
): readonly Descriptor[] {
  const list = document[field];
  if (!Array.isArray(list)) throw invalid(name, `it has no ${field}`);
  return list.map((item: unknown, index) => {
    const descriptor = toDescriptor(item);
    if (descriptor !== undefined) return descriptor;
    throw invalid(name, `${field}[${index}] has no type, sha256 digest and size`);
  });
}

function toDescriptor(value: unknown): Descriptor | undefined {
  if (!isObject(value)) return undefined;
  const { mediaType, digest, size } = value;
  if (typeof mediaType !== "string" || typeof digest !== "string") return undefined;
  if (!/^sha256:[0-9a-f]{64}$/.test(digest)) return undefined;
  if (typeof size !== "number" || !Number.isSafeInteger(size) || size < 0) return undefined;
  const platform = toPlatform(value["platform"]);
  const annotations = toAnnotations(value["annotations"]);
  return {
    mediaType,
    digest,
    size,
    ...(annotations !== undefined && { annotations }),
    ...(platform !== undefined && { platform }),
  };
}

/** Reads the platform of an index's entry, or of a config: both have the same fields. */
export function toPlatform(value: unknown): Platform | undefined {
  if (!isObject(value)) return undefined;
  const { os, architecture, variant } = value;
  if (typeof os !== "string" || typeof architecture !== "string") return undefined;
  const isVariant = typeof variant === "string" && variant !== "";
  return { os, architecture, ...(isVariant && { variant }) };
}

function toAnnotations(value: unknown): Readonly<Record<string, string>> | undefined {
  if (!isObject(value)) return undefined;
  const texts = Object.entries(value).filter(
    (entry): entry is [string, string] => typeof entry[1] === "string",
  );
  return Object.fromEntries(texts);
}

function isObject(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}

function parseJson(bytes: Uint8Array): unknown {
  try {
    return JSON.parse(Buffer.from(bytes).toString("utf8"));
  } catch {
    return undefined; // no JSON is said by the caller
  }
}

function invalid(name: string, reason: string): ImageError {
  return new ImageError("MANIFEST_INVALID", `Cannot read the manifest of ${name}: ${reason}`);
}
