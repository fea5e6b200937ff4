import type { BuildStore } from "../images/image-store.ts";
import { exportImage } from "../images/oci/export-image.ts";
import { importImage } from "../images/oci/import-image.ts";
import { hostPlatform } from "../images/oci/platform.ts";
import type { ImageTransfers } from "./api/engine-context.ts";
import { createImageTransfers } from "./image-transfers.ts";

/** Makes the transfers of a store's images: packed by gzip, unpacked for this machine. */
export function createStoreTransfers(store: BuildStore, mountMemoryPath: string): ImageTransfers {
  return createImageTransfers({
    mountMemoryPath,
    packing: {
      blobs: store.blobs,
      pack: (image) => exportImage(store, image, { compression: "gzip" }),
      unpack: (digest, tag) => importImage(store, digest, { tag, platform: hostPlatform }),
    },
  });
}
