import type { BlobStore } from "../../images/oci/blob-store.ts";
import type { CredentialSource } from "../../images/registry/credentials.ts";
import { deleteManifest } from "../../images/registry/delete-manifest.ts";
import { listRepositories, listTags } from "../../images/registry/list-tags.ts";
import { lookAhead } from "../../images/registry/look-ahead.ts";
import { manifestSize } from "../../images/registry/manifest-size.ts";
import { openMountMemory } from "../../images/registry/mount-memory.ts";
import { openRegistry } from "../../images/registry/open-registry.ts";
import { pullImage } from "../../images/registry/pull-image.ts";
import { pushImage } from "../../images/registry/push-image.ts";
import { describeRemote } from "../../images/report/describe-remote.ts";
import type { RemoteImages } from "./image-scope.ts";

/** What {@link openRemote} needs. */
export interface RemoteOptions {
  readonly blobs: BlobStore;
  readonly credentials: CredentialSource;
  /** A file that remembers which repositories have which blobs. */
  readonly mountMemoryPath: string;
  /** Writes a name with its registry. */
  readonly toTarget: (name: string) => Promise<string>;
  /** Of berth. */
  readonly version: string;
  readonly signal: AbortSignal;
}

/** Images in registries, and the connections that are kept to them. */
export type OpenRemote = Disposable & RemoteImages;

/** Opens the way to registries; connects when something is asked. */
export function openRemote(options: RemoteOptions): OpenRemote {
  const { blobs, credentials, signal, toTarget } = options;
  const userAgent = `berth/${options.version}`;
  const registry = openRegistry({ credentials, userAgent, signal });
  const looked = new Map<string, Promise<string | undefined>>();
  return {
    toTarget,
    lookAhead: (reference) => void looked.set(reference, lookAhead(registry, reference)),
    push: async (image, reference, onProgress) => {
      const mountMemory = await openMountMemory(options.mountMemoryPath);
      const pointsTo = looked.get(reference) ?? Promise.resolve(undefined);
      looked.delete(reference);
      const push = { registry, blobs, image, reference, onProgress, mountMemory, pointsTo };
      const { counts, ...pushed } = await pushImage(push);
      return { ...pushed, blobs: counts };
    },
    pull: (reference, platform, onProgress) =>
      pullImage({ registry, blobs, reference, platform, onProgress }),
    listTags: (repository) => listTags(registry, repository),
    listRepositories: (host) => listRepositories(registry, host),
    describe: (reference) => describeRemote(registry, reference),
    measure: (reference) => manifestSize(registry, reference),
    deleteManifest: (reference) => deleteManifest(registry, reference),
    [Symbol.dispose]: () => registry.close(),
  };
}
