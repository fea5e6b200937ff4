import { ImageError } from "../image-error.ts";
import type { Descriptor, OciImage } from "../oci/descriptor.ts";
import { digestOf } from "../oci/digest.ts";
import { MAX_DOCUMENT_BYTES } from "../oci/read-document.ts";
import { choosePlatform, defaultPlatform } from "../oci/platform.ts";
import { fetchManifest } from "../registry/fetch-manifest.ts";
import { readManifest } from "../registry/manifest.ts";
import type { Registry } from "../registry/open-registry.ts";
import { formatReference, parseReference, type Reference } from "../registry/reference.ts";

/** What a registry says of an image. */
export interface RemoteImage {
  readonly image: OciImage;
  /** The document that `image.config` points to. */
  readonly config: unknown;
}

/**
 * Reads an image's manifest and config from its registry, and no layer. Of an image for several
 * platforms it is the one that Cloudflare runs.
 *
 * @throws {ImageError} NO_SUCH_IMAGE, PLATFORM_MISSING, MANIFEST_INVALID, DIGEST_MISMATCH,
 *   BAD_REFERENCE, REGISTRY_UNREACHABLE, REGISTRY_DENIED, REGISTRY_FAILED
 */
export async function describeRemote(registry: Registry, text: string): Promise<RemoteImage> {
  const reference = parseReference(text);
  const image = await findImage(registry, reference);
  return { image, config: await fetchConfig(registry, reference, image.config) };
}

async function findImage(registry: Registry, reference: Reference): Promise<OciImage> {
  const name = formatReference(reference);
  const fetched = await fetchManifest(registry, reference);
  const manifest = readManifest(fetched.bytes, name, fetched.declaredType);
  if (manifest.kind === "image") return manifest.image;
  const { digest } = choosePlatform(manifest.entries, defaultPlatform, name);
  const chosen = await fetchManifest(registry, { ...reference, digest });
  const inner = readManifest(chosen.bytes, name, chosen.declaredType);
  if (inner.kind === "image") return inner.image;
  throw new ImageError("MANIFEST_INVALID", `Cannot inspect ${name}: its index holds an index`);
}

async function fetchConfig(
  registry: Registry,
  reference: Reference,
  { digest, size }: Descriptor,
): Promise<unknown> {
  const name = formatReference(reference);
  if (size > MAX_DOCUMENT_BYTES) {
    throw new ImageError("MANIFEST_INVALID", `Cannot inspect ${name}: its config is too large`);
  }
  const { registryHost, repository } = reference;
  const path = `/v2/${repository}/blobs/${digest}`;
  const scopes = [`repository:${repository}:pull`];
  const call = { method: "GET", registryHost, path, scopes, purpose: `inspect ${name}` } as const;
  const { bytes } = await registry.ask(call, MAX_DOCUMENT_BYTES);
  if (digestOf(bytes) !== digest) {
    throw new ImageError(
      "DIGEST_MISMATCH",
      `Cannot inspect ${name}: ${registryHost} answers with another config than ${digest}`,
    );
  }
  try {
    return JSON.parse(bytes.toString("utf8"));
  } catch (cause) {
    const message = `Cannot inspect ${name}: its config is no JSON`;
    throw new ImageError("MANIFEST_INVALID", message, { cause });
  }
}
