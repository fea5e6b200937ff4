import type { Descriptor, OciImage } from "../oci/descriptor.ts";
import { digestOf } from "../oci/digest.ts";
import { mediaTypes } from "../oci/media-types.ts";
import { parseManifestOrIndex } from "../oci/parse-manifest.ts";

/** What a manifest's bytes say, and what they are themselves. */
export type RegistryManifest =
  | { readonly kind: "image"; readonly image: OciImage }
  | { readonly kind: "index"; readonly self: Descriptor; readonly entries: readonly Descriptor[] };

/** The Accept header for manifests; without it a registry may answer with schema 1. */
export const manifestAccept = [
  mediaTypes.manifest,
  mediaTypes.dockerManifest,
  mediaTypes.index,
  mediaTypes.dockerIndex,
].join(", ");

/**
 * Reads a manifest or an index, of the image specification or of Docker, with its own descriptor.
 *
 * @param declaredType the Content-Type, for a manifest that does not say what it is
 * @throws {ImageError} MANIFEST_INVALID when it is neither, and for schema 1
 */
export function readManifest(
  bytes: Uint8Array,
  name: string,
  declaredType?: string,
): RegistryManifest {
  const text = Buffer.from(bytes).toString("utf8");
  const parsed = parseManifestOrIndex(text, {
    name,
    ...(declaredType !== undefined && { declaredType }),
  });
  const self = { mediaType: parsed.mediaType, digest: digestOf(bytes), size: bytes.length };
  if (parsed.kind === "index") return { kind: "index", self, entries: parsed.manifests };
  return {
    kind: "image",
    image: { manifest: self, config: parsed.config, layers: parsed.layers },
  };
}
