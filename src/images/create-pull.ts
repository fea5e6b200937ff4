import { ImageError } from "./image-error.ts";
import { normalizeReference } from "./image-reference.ts";
import type { Image } from "./image-store.ts";
import type { OciImage, Platform } from "./oci/descriptor.ts";
import { formatPlatform } from "./oci/platform.ts";
import { parseReference } from "./registry/reference.ts";
import type { ImageSources } from "./resolve-image.ts";

/** The two halves of a pull. */
export interface PullParts {
  /** Brings the blobs of an image here; what is here is not fetched. */
  readonly fetch: (reference: string, platform: Platform) => Promise<OciImage>;
  /** Takes an image whose blobs are here into the store. */
  readonly unpack: (
    manifestDigest: string,
    options: { readonly tag: string; readonly platform: Platform },
  ) => Promise<Image>;
}

/** A registry that did not answer is not asked again for so long: builds come in a row. */
const UNREACHABLE_MS = 60_000;

/** Makes what pulls images into the store, each once however many ask for it at a time. */
export function createPull(parts: PullParts): NonNullable<ImageSources["pull"]> {
  const running = new Map<string, Promise<Image>>();
  const failures = new Map<string, { readonly error: ImageError; readonly untilMs: number }>();
  return async (reference, platform) => {
    const { registryHost } = parseReference(reference);
    const failure = failures.get(registryHost);
    if (failure !== undefined && performance.now() < failure.untilMs) throw failure.error;
    const key = `${reference} ${formatPlatform(platform)}`;
    const pull = running.get(key) ?? pullOne(reference, platform, parts);
    running.set(key, pull);
    try {
      return await pull;
    } catch (error) {
      if (error instanceof ImageError && error.code === "REGISTRY_UNREACHABLE") {
        failures.set(registryHost, { error, untilMs: performance.now() + UNREACHABLE_MS });
      }
      throw error;
    } finally {
      running.delete(key);
    }
  };
}

async function pullOne(reference: string, platform: Platform, parts: PullParts): Promise<Image> {
  const { manifest } = await parts.fetch(reference, platform);
  return parts.unpack(manifest.digest, { tag: normalizeReference(reference), platform });
}
