import { ImageError } from "../image-error.ts";
import type { Descriptor } from "./descriptor.ts";
import { isDigest } from "./is-digest.ts";
import { isCount, isJsonObject, toJsonObject, type JsonObject } from "./json-fields.ts";
import { mediaTypes } from "./media-types.ts";
import { toPlatform } from "./platform.ts";

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

/** What is known of a document besides its text. */
export interface ManifestOrigin {
  /** The image, for what is printed. */
  readonly name?: string;
  /** The Content-Type, for a document that does not say what it is: old writers leave that out. */
  readonly declaredType?: string;
}

const indexTypes: readonly string[] = [mediaTypes.index, mediaTypes.dockerIndex];
const manifestTypes: readonly string[] = [mediaTypes.manifest, mediaTypes.dockerManifest];

/**
 * Reads a manifest or an index, of the image specification or of Docker (schema 2).
 *
 * @throws {ImageError} MANIFEST_INVALID when it is neither
 */
export function parseManifestOrIndex(
  text: string,
  origin: ManifestOrigin = {},
): Manifest | ManifestIndex {
  try {
    return toManifestOrIndex(text, origin.declaredType);
  } catch (error) {
    if (!(error instanceof Refusal)) throw error;
    const name = origin.name === undefined ? "" : ` of ${origin.name}`;
    const said = `Cannot read the manifest${name}: ${error.message}; ${error.remedy}`;
    throw new ImageError("MANIFEST_INVALID", said);
  }
}

/**
 * Reads an image's manifest.
 *
 * @throws {ImageError} MANIFEST_INVALID when it is none
 */
export function parseManifest(text: string): Manifest {
  const manifest = parseManifestOrIndex(text);
  if (manifest.kind === "manifest") return manifest;
  throw new ImageError(
    "MANIFEST_INVALID",
    "Cannot read the manifest: it is an index of several images; name the digest of one of them",
  );
}

/** Why a document is no manifest; the name is added where it is known. */
class Refusal extends Error {
  readonly remedy: string;

  constructor(reason: string, remedy = "fetch or build the image anew") {
    super(reason);
    this.remedy = remedy;
  }
}

function toManifestOrIndex(
  text: string,
  declaredType: string | undefined,
): Manifest | ManifestIndex {
  const value = toJsonObject(text);
  if (value === undefined) throw new Refusal("it is no JSON object");
  const mediaType = typeOf(value, declaredType);
  const isOld = mediaType.includes("manifest.v1+") && mediaType !== mediaTypes.manifest;
  if (isOld || value["schemaVersion"] === 1) {
    const remedy = "push it again with a Docker of 2017 or later";
    throw new Refusal("it is of Docker's schema 1", remedy);
  }
  if (indexTypes.includes(mediaType)) {
    return { kind: "index", mediaType, manifests: toDescriptors(value, "manifests") };
  }
  if (!manifestTypes.includes(mediaType)) {
    const remedy = "an image's manifest or index is needed";
    throw new Refusal(`its type is ${JSON.stringify(mediaType)}`, remedy);
  }
  const config = toDescriptor(value["config"], "config");
  return { kind: "manifest", mediaType, config, layers: toDescriptors(value, "layers") };
}

function typeOf(value: JsonObject, declaredType: string | undefined): string {
  const own = value["mediaType"];
  if (own !== undefined) return typeof own === "string" ? own : JSON.stringify(own);
  const declared = declaredType?.split(";", 1)[0]?.trim() ?? "";
  if (/\+(json|prettyjws)$/.test(declared)) return declared;
  return value["manifests"] === undefined ? mediaTypes.manifest : mediaTypes.index;
}

function toDescriptors(value: JsonObject, field: string): readonly Descriptor[] {
  const list = value[field];
  if (!Array.isArray(list)) throw new Refusal(`it has no ${field}`);
  return list.map((item, index) => toDescriptor(item, `${field}[${index}]`));
}

function toDescriptor(value: unknown, place: string): Descriptor {
  const { mediaType, digest, size, ...others } = isJsonObject(value) ? value : {};
  if (
    typeof mediaType !== "string" ||
    typeof digest !== "string" ||
    !isDigest(digest) ||
    !isCount(size)
  ) {
    throw new Refusal(`${place} has no type, sha256 digest and size`);
  }
  const platform = toPlatform(others["platform"]);
  const annotations = toAnnotations(others["annotations"]);
  return {
    ...{ mediaType, digest, size },
    ...(platform !== undefined && { platform }),
    ...(annotations !== undefined && { annotations }),
  };
}

function toAnnotations(value: unknown): Readonly<Record<string, string>> | undefined {
  if (!isJsonObject(value)) return undefined;
  const texts = Object.entries(value).filter(([, text]) => typeof text === "string");
  return Object.fromEntries(texts.map(([name, text]) => [name, String(text)]));
}
