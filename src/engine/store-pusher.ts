import type { BuildStore } from "../images/image-store.ts";
import { exportImage } from "../images/oci/export-image.ts";
import { openMountMemory } from "../images/registry/mount-memory.ts";
import { openRegistry } from "../images/registry/open-registry.ts";
import { pushImage } from "../images/registry/push-image.ts";
import type { OnProgress, TransferProgress } from "../images/registry/transfer-progress.ts";
import type { PushImage } from "./api/engine-context.ts";

/** Docker's words for how a blob's transfer ended. */
const words: Partial<Readonly<Record<TransferProgress["state"], string>>> = {
  present: "Layer already exists",
  mounted: "Mounted from another repository",
  retrying: "Retrying",
  done: "Pushed",
};

/**
 * Makes what `docker push` of the engine does: packs an image of the store and sends it.
 *
 * @param mountMemoryPath a file that remembers which repositories have which blobs
 */
export function createStorePusher(store: BuildStore, mountMemoryPath: string): PushImage {
  return async (image, { reference, credentials, log, signal }) => {
    await using _held = await store.hold();
    const packed = await exportImage(store, image, { compression: "gzip" });
    const find = (): Promise<typeof credentials> => Promise.resolve(credentials);
    const source = Object.assign(find, { places: "what docker login keeps" });
    const registry = openRegistry({ credentials: source, userAgent: "berth", signal });
    try {
      const mountMemory = await openMountMemory(mountMemoryPath);
      const onProgress = toLines(log);
      const push = { registry, blobs: store.blobs, image: packed, reference };
      const { digest } = await pushImage({ ...push, onProgress, mountMemory });
      return { digest, sizeBytes: packed.manifest.size };
    } finally {
      registry.close();
    }
  };
}

/** One line when something about a blob changes. */
function toLines(log: (line: string) => void): OnProgress {
  const last = new Map<string, string>();
  return ({ digest, state }) => {
    if (last.get(digest) === state) return;
    last.set(digest, state);
    const word = words[state];
    if (word !== undefined)
      log(`${digest.slice("sha256:".length, "sha256:".length + 12)}: ${word}`);
  };
}
