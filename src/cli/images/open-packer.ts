import type { BuildStore } from "../../images/image-store.ts";
import { exportImage } from "../../images/oci/export-image.ts";
import { importImage } from "../../images/oci/import-image.ts";
import { readLayout } from "../../images/oci/read-layout.ts";
import { writeLayout } from "../../images/oci/write-layout.ts";
import { CliError } from "../cli-error.ts";
import type { ImagePacker } from "./image-scope.ts";

/** Opens what turns images of the store into blobs and back. */
export function openPacker(store: BuildStore, env: NodeJS.ProcessEnv): ImagePacker {
  return {
    pack: (image, options) => {
      const epochSeconds = readEpoch(env);
      return exportImage(store, image, {
        ...options,
        ...(epochSeconds !== undefined && { epochSeconds }),
      });
    },
    unpack: (digest, options) => importImage(store, digest, options),
    writeLayout: (images, path) =>
      writeLayout(store.blobs, images, path, path.endsWith(".tar") ? "archive" : "directory"),
    readLayout: (path, platform) => loadLayout(path, platform, store),
  };
}
