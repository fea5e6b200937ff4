import { createPull } from "./create-pull.ts";
import type { BuildStore } from "./image-store.ts";
import { importLayout } from "./import-layout.ts";
import { importImage } from "./oci/import-image.ts";
import type { Registry } from "./registry/open-registry.ts";
import { pullImage } from "./registry/pull-image.ts";
import type { ImageSources } from "./resolve-image.ts";

/** What {@link createImageSources} goes by. */
export interface ImageSourcesOptions {
  readonly store: BuildStore;
  /** Asks registries (default: none is asked). */
  readonly registry?: Registry;
}

/** Makes what brings images into a store from layouts, archives and registries. */
export function createImageSources(options: ImageSourcesOptions): ImageSources {
  const { store, registry } = options;
  const pull = registry === undefined ? undefined : createStorePull(store, registry);
  return {
    importLayout: (layout, platform) => importLayout(store, layout, { platform }),
    ...(pull !== undefined && { pull }),
  };
}

function createStorePull(store: BuildStore, registry: Registry): NonNullable<ImageSources["pull"]> {
  const pull = createPull({
    fetch: (reference, platform) =>
      pullImage({ registry, blobs: store.blobs, reference, platform }),
    unpack: (manifestDigest, options) => importImage(store, manifestDigest, options),
  });
  return async (reference, platform) => {
    await using _held = await store.hold();
    return await pull(reference, platform);
  };
}
