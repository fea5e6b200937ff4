import { formatPlatform } from "./oci/platform.ts";
import { ImageError } from "./image-error.ts";
import { normalizeReference } from "./image-reference.ts";
import type { BuildStore, Image } from "./image-store.ts";
import type { Platform } from "./oci/descriptor.ts";
import { importImage } from "./oci/import-image.ts";
import type { Registry } from "./registry/open-registry.ts";
import { pullImage } from "./registry/pull-image.ts";
import { parseReference } from "./registry/reference.ts";
import type { OnProgress } from "./registry/transfer-progress.ts";
import type { ImageSources } from "./resolve-image.ts";

/** What {@link createPull} pulls with. */
export interface PullSourceOptions {
  readonly store: BuildStore;
  readonly registry: Registry;
  readonly onProgress?: OnProgress;
}

/** A registry that did not answer is not asked again for so long: builds come in a row. */
const UNREACHABLE_MS = 60_000;

/**
 * Makes what pulls images into the store, each once however many ask for it at a time. Blobs that
 * are here are not fetched.
 */
export function createPull(options: PullSourceOptions): NonNullable<ImageSources["pull"]> {
  const running = new Map<string, Promise<Image>>();
  const failures = new Map<string, { readonly error: ImageError; readonly untilMs: number }>();
  return async (reference, platform) => {
    const { registryHost } = parseReference(reference);
    const failure = failures.get(registryHost);
    if (failure !== undefined && performance.now() < failure.untilMs) throw failure.error;
    const key = `${reference} ${formatPlatform(platform)}`;
    const pull = running.get(key) ?? pullOne(reference, platform, options);
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

async function pullOne(
  reference: string,
  platform: Platform,
  { store, registry, onProgress }: PullSourceOptions,
): Promise<Image> {
  const { manifest } = await pullImage({
    ...{ registry, blobs: store.blobs, reference, platform },
    ...(onProgress !== undefined && { onProgress }),
  });
  return importImage(store, manifest.digest, { tag: normalizeReference(reference), platform });
}
