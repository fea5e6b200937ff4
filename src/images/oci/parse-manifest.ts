import { ImageError } from "../image-error.ts";
import type { Descriptor, Platform } from "./descriptor.ts";
import { isCount, isJsonObject, toJsonObject, type JsonObject } from "./json-fields.ts";
import { mediaTypes } from "./media-types.ts";

/** An image's manifest. */
export interface Manifest {
  readonly kind: "manifest";
  readonly mediaType: string;
  readonly config: Descriptor;
  /** Lowest first. */
  readonly layers: readonly Descriptor[];
}

/** A list of manifests, as one for each platform. */
export interface ManifestIndex {
  readonly kind: "index";
  readonly mediaType: string;
  readonly manifests: readonly Descriptor[];
}

const digestPattern = /^sha256:[0-9a-f]{64}$/;

/**
 * Reads a manifest or an index, of the image specification or of Docker (schema 2).
 *
 * @throws {ImageError} MANIFEST_INVALID when it is neither
 */
export function parseManifestOrIndex(text: string): Manifest | ManifestIndex {
  const value = toJsonObject(text);
  if (value === undefined) throw invalid("it is no JSON object");
  if (value["schemaVersion"] === 1) {
    throw invalid(
      "schema 1 of Docker, which is out of date",
      "push the image anew by a newer tool",
    );
  }
  const said = value["mediaType"];
  const isIndex = [mediaTypes.index, mediaTypes.dockerIndex].some((type) => type === said);
  const isManifest = [mediaTypes.manifest, mediaTypes.dockerManifest].some((type) => type === said);
  if (said !== undefined && !isIndex && !isManifest) {
    throw invalid(`its type is ${JSON.stringify(said)}`, "an image's manifest or index is needed");
  }
  if (isIndex || (said === undefined && value["manifests"] !== undefined)) return toIndex(value);
  return toManifest(value);
}

/**
 * Reads an image's manifest.
 *
 * @throws {ImageError} MANIFEST_INVALID when it is none
 */
export function parseManifest(text: string): Manifest {
  const manifest = parseManifestOrIndex(text);
  if (manifest.kind === "manifest") return manifest;
  throw invalid("it is an index of several images", "name the digest of one of them");
}

function toIndex(value: JsonObject): ManifestIndex {
  const mediaType = typeof value["mediaType"] === "string" ? value["mediaType"] : mediaTypes.index;
  return { kind: "index", mediaType, manifests: toDescriptors(value["manifests"]) };
}

function toManifest(value: JsonObject): Manifest {
  const mediaType =
    typeof value["mediaType"] === "string" ? value["mediaType"] : mediaTypes.manifest;
  const config = toDescriptor(value["config"]);
  return { kind: "manifest", mediaType, config, layers: toDescriptors(value["layers"]) };
}

function toDescriptors(value: unknown): readonly Descriptor[] {
  if (!Array.isArray(value)) throw invalid("a list is missing in it");
  return value.map(toDescriptor);
}

function toDescriptor(value: unknown): Descriptor {
  if (!isJsonObject(value)) throw invalid("a descriptor is missing in it");
  const { mediaType, digest, size } = value;
  const isDigest = typeof digest === "string" && digestPattern.test(digest);
  if (typeof mediaType !== "string" || !isDigest || !isCount(size)) {
    throw invalid(`a descriptor cannot be read: ${JSON.stringify(value)}`);
  }
  const platform = toPlatform(value["platform"]);
  const annotations = toAnnotations(value["annotations"]);
  return {
    ...{ mediaType, digest, size },
    ...(platform !== undefined && { platform }),
    ...(annotations !== undefined && { annotations }),
  };
}

function toPlatform(value: unknown): Platform | undefined {
  if (!isJsonObject(value)) return undefined;
  const { os, architecture, variant } = value;
  if (typeof os !== "string" || typeof architecture !== "string") return undefined;
  return { os, architecture, ...(typeof variant === "string" && { variant }) };
}

function toAnnotations(value: unknown): Readonly<Record<string, string>> | undefined {
  if (!isJsonObject(value)) return undefined;
  const texts = Object.entries(value).filter(([, text]) => typeof text === "string");
  return Object.fromEntries(texts.map(([name, text]) => [name, String(text)]));
}

function invalid(reason: string, remedy = "fetch or build the image anew"): ImageError {
  return new ImageError("MANIFEST_INVALID", `Cannot read the manifest: ${reason}; ${remedy}`);
}
