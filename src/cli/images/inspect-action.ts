import { largestFiles, type LargeFile } from "../../images/guard/largest-files.ts";
import type { Image } from "../../images/image-store.ts";
import type { InspectOptions } from "./image-options.ts";
import type { ImageScope } from "./image-scope.ts";
import { requireImage } from "./require-image.ts";

/** What there is to know of an image. */
export type InspectReport = LocalReport | RemoteReport;

/** Of one of the store. */
export interface LocalReport {
  readonly kind: "store";
  readonly id: string;
  readonly tags: readonly string[];
  /** ISO 8601. */
  readonly createdAt: string;
  readonly base: "host" | "none";
  /** Of the unpacked layers. */
  readonly sizeBytes: number;
  readonly config: Image["config"];
  /** Lowest first. */
  readonly layers: readonly LayerReport[];
  /** The largest first, when they were asked for. */
  readonly files?: readonly LargeFile[];
}

/** Of one in a registry. */
export interface RemoteReport {
  readonly kind: "registry";
  readonly reference: string;
  /** Of the manifest. */
  readonly digest: string;
  /** Of the layers as they travel. */
  readonly packedBytes: number;
  /** As the registry has it. */
  readonly config: unknown;
  readonly layers: readonly LayerReport[];
}

/** A layer and its size. */
export interface LayerReport {
  readonly name: string;
  readonly sizeBytes: number;
}

const SHOWN_FILES = 10;

/** `berth images inspect`. */
export async function inspectAction(
  options: InspectOptions,
  scope: Pick<ImageScope, "store" | "remote">,
): Promise<InspectReport> {
  return options.isRemote ? inspectRemote(options, scope) : inspectLocal(options, scope);
}

async function inspectLocal(
  { image: name, isFilesShown }: InspectOptions,
  { store }: Pick<ImageScope, "store">,
): Promise<LocalReport> {
  const image = await requireImage(store, name);
  const directories = image.layers.map((directory) => {
    return { name: store.layers.nameOf(directory), directory };
  });
  const layers = await Promise.all(
    directories.map(async ({ name: layer }) => {
      const sizeBytes = (await store.layers.get(layer))?.sizeBytes ?? 0;
      return { name: layer, sizeBytes };
    }),
  );
  const { id, tags, base, sizeBytes, config } = image;
  return {
    kind: "store",
    ...{ id, tags, base, sizeBytes, config, layers },
    createdAt: new Date(image.createdAtMs).toISOString(),
    ...(isFilesShown && { files: await largestFiles(directories, SHOWN_FILES) }),
  };
}

async function inspectRemote(
  { image: name }: InspectOptions,
  { remote }: Pick<ImageScope, "remote">,
): Promise<RemoteReport> {
  const reference = await remote.toTarget(name);
  const { image, config } = await remote.describe(reference);
  const layers = image.layers.map(({ digest, size }) => ({ name: digest, sizeBytes: size }));
  return {
    kind: "registry",
    reference,
    digest: image.manifest.digest,
    packedBytes: layers.reduce((sum, { sizeBytes }) => sum + sizeBytes, 0),
    config,
    layers,
  };
}
