import type { Image } from "../images/image-store.ts";
import type { BlobStore } from "../images/oci/blob-store.ts";
import type { OciImage } from "../images/oci/descriptor.ts";
import { hostPlatform } from "../images/oci/platform.ts";
import { openMountMemory } from "../images/registry/mount-memory.ts";
import { openRegistry, type Registry } from "../images/registry/open-registry.ts";
import { pullImage } from "../images/registry/pull-image.ts";
import { pushImage } from "../images/registry/push-image.ts";
import type { OnProgress, TransferProgress } from "../images/registry/transfer-progress.ts";
import type { ImageTransfers, TransferRequest } from "./api/engine-context.ts";

/** Turns images of the store into blobs and back. */
export interface ImagePacking {
  readonly blobs: BlobStore;
  pack(image: Image): Promise<OciImage>;
  /** @returns the image whose manifest is in the blobs, under a name */
  unpack(manifestDigest: string, tag: string): Promise<Image>;
}

/** What transfers stand on. */
export interface TransfersOptions {
  readonly packing: ImagePacking;
  /** A file that remembers which repositories have which blobs. */
  readonly mountMemoryPath: string;
}

/** Docker's words for how a blob's transfer ended. */
type Words = Partial<Readonly<Record<TransferProgress["state"], string>>>;

const pushWords: Words = {
  present: "Layer already exists",
  mounted: "Mounted from another repository",
  retrying: "Retrying",
  done: "Pushed",
};
const pullWords: Words = {
  present: "Already exists",
  retrying: "Retrying",
  done: "Pull complete",
};

/** Makes what `docker push` and `docker pull` of the engine do. */
export function createImageTransfers({
  packing,
  mountMemoryPath,
}: TransfersOptions): ImageTransfers {
  const { blobs } = packing;
  return {
    push: async (image, request) => {
      const packed = await packing.pack(image);
      const mountMemory = await openMountMemory(mountMemoryPath);
      const onProgress = toLines(pushWords, request.log);
      const { reference } = request;
      const { digest } = await withRegistry(request, (registry) =>
        pushImage({ registry, blobs, image: packed, reference, onProgress, mountMemory }),
      );
      return { digest, sizeBytes: packed.manifest.size };
    },
    pull: async (request) => {
      const onProgress = toLines(pullWords, request.log);
      const { reference } = request;
      const { manifest } = await withRegistry(request, (registry) =>
        pullImage({ registry, blobs, reference, platform: hostPlatform, onProgress }),
      );
      return packing.unpack(manifest.digest, reference);
    },
  };
}

async function withRegistry<T>(
  { credentials, signal }: TransferRequest,
  work: (registry: Registry) => Promise<T>,
): Promise<T> {
  const find = (): Promise<typeof credentials> => Promise.resolve(credentials);
  const source = Object.assign(find, { places: "what docker login keeps" });
  const registry = openRegistry({ credentials: source, userAgent: "berth", signal });
  try {
    return await work(registry);
  } finally {
    registry.close();
  }
}

/** One line when something about a blob changes. */
function toLines(words: Words, log: (line: string) => void): OnProgress {
  const last = new Map<string, string>();
  return ({ digest, state }) => {
    if (last.get(digest) === state) return;
    last.set(digest, state);
    const word = words[state];
    if (word !== undefined)
      log(`${digest.slice("sha256:".length, "sha256:".length + 12)}: ${word}`);
  };
}
