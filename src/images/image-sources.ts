import { createPull } from "./create-pull.ts";
import type { BuildStore } from "./image-store.ts";
import { importLayout } from "./import-layout.ts";
import type { Registry } from "./registry/open-registry.ts";
import type { OnProgress } from "./registry/transfer-progress.ts";
import type { ImageSources } from "./resolve-image.ts";

/** What {@link createImageSources} goes by. */
export interface ImageSourcesOptions {
  readonly store: BuildStore;
  /** Asks registries (default: none is asked). */
  readonly registry?: Registry;
  readonly onProgress?: OnProgress;
}

/** Makes what brings images into a store from layouts, archives and registries. */
export function createImageSources(options: ImageSourcesOptions): ImageSources {
  const { store, registry, onProgress } = options;
  return {
    importLayout: (layout, platform) => importLayout(store, layout, { platform }),
    ...(registry !== undefined && {
      pull: createPull({ store, registry, ...(onProgress !== undefined && { onProgress }) }),
    }),
  };
}
