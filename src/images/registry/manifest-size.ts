import type { Descriptor } from "../oci/descriptor.ts";
import { fetchManifest } from "./fetch-manifest.ts";
import { readManifest } from "./manifest.ts";
import type { Registry } from "./open-registry.ts";
import { formatReference, parseReference, type Reference } from "./reference.ts";

/** What an image takes in a registry. */
export interface ManifestSize {
  /** "sha256:…" of the manifest, or of the index. */
  readonly digest: string;
  /** Of all its manifests and blobs, each counted once. */
  readonly sizeBytes: number;
  /** All of them, so that several images can be added up without counting twice. */
  readonly parts: readonly Descriptor[];
}

/**
 * Finds out how much an image takes in a registry, from its manifests alone.
 *
 * @throws {ImageError} NO_SUCH_IMAGE, MANIFEST_INVALID, BAD_REFERENCE, REGISTRY_UNREACHABLE,
 *   REGISTRY_DENIED, REGISTRY_FAILED
 */
export async function manifestSize(registry: Registry, text: string): Promise<ManifestSize> {
  const reference = parseReference(text);
  const parts = new Map<string, Descriptor>();
  const digest = await addParts(registry, reference, parts);
  const sizeBytes = [...parts.values()].reduce((sum, { size }) => sum + size, 0);
  return { digest, sizeBytes, parts: [...parts.values()] };
}

async function addParts(
  registry: Registry,
  reference: Reference,
  parts: Map<string, Descriptor>,
): Promise<string> {
  const { bytes, declaredType } = await fetchManifest(registry, reference);
  const manifest = readManifest(bytes, formatReference(reference), declaredType);
  if (manifest.kind === "image") {
    const { config, layers } = manifest.image;
    for (const part of [manifest.image.manifest, config, ...layers]) parts.set(part.digest, part);
    return manifest.image.manifest.digest;
  }
  parts.set(manifest.self.digest, manifest.self);
  for (const { digest } of manifest.entries) {
    if (!parts.has(digest)) await addParts(registry, { ...reference, digest }, parts);
  }
  return manifest.self.digest;
}
