import type { BuildStore, Image } from "../../images/image-store.ts";
import { importLayout } from "../../images/import-layout.ts";
import { exportImage } from "../../images/oci/export-image.ts";
import { importImage } from "../../images/oci/import-image.ts";
import type { OciImage } from "../../images/oci/descriptor.ts";
import { readLayout } from "../../images/oci/read-layout.ts";
import { writeLayout } from "../../images/oci/write-layout.ts";
import { nameOfEntry } from "./name-of-entry.ts";
import type { ImagePacker, PackOptions, UnpackOptions } from "./image-scope.ts";

/**
 * Opens what turns images of the store into blobs and back.
 *
 * @param say told what is not kept of an image
 */
export function openPacker(store: BuildStore, say: (text: string) => void): ImagePacker {
  const unpack = (digest: string, options: UnpackOptions): Promise<Image> =>
    importImage(store, digest, { ...options, onNote: (text) => say(`note: ${text}`) });
  return {
    unpack,
    pack: (image, options) => packImage(store, image, options),
    writeLayout: (images, path) => {
      const entries = images.flatMap(({ image: { manifest }, names }) =>
        names.length === 0 ? [{ manifest }] : names.map((reference) => ({ manifest, reference })),
      );
      const format = path.endsWith(".tar") ? "archive" : "directory";
      return writeLayout(store.blobs, entries, { path, format });
    },
    importLayout: (layout, options) => importLayout(store, layout, options),
    readLayout: async (path, platform) => {
      await using _held = await store.hold();
      const images: Image[] = [];
      for (const { manifest, reference } of await readLayout(store.blobs, path)) {
        const named = reference === undefined ? {} : { tag: nameOfEntry(reference, path) };
        images.push(await unpack(manifest.digest, { ...named, platform }));
      }
      return await findAll(store, images);
    },
  };
}

/** An image that came by several names is one image with all of them. */
async function findAll(store: BuildStore, images: readonly Image[]): Promise<readonly Image[]> {
  const ids = new Set(images.map(({ id }) => id));
  const found = await Promise.all([...ids].map((id) => store.get(id)));
  return found.filter((image) => image !== undefined);
}

async function packImage(
  store: BuildStore,
  image: Image,
  { compression, platform = image.platform, onProgress = () => undefined }: PackOptions,
): Promise<OciImage> {
  const totals = new Map<string, number>();
  const packed = await exportImage(store, image, {
    compression,
    ...(platform !== undefined && { platform }),
    onProgress: ({ layer, doneBytes, totalBytes }) => {
      totals.set(layer, totalBytes);
      // What is packed is a tar, which is longer than its files.
      const shownBytes = Math.min(doneBytes, totalBytes);
      onProgress({ digest: layer, doneBytes: shownBytes, totalBytes, state: "moving" });
    },
  });
  for (const [digest, totalBytes] of totals) {
    onProgress({ digest, doneBytes: totalBytes, totalBytes, state: "done" });
  }
  return packed;
}
