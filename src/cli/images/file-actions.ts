import type { LoadOptions, SaveOptions } from "./image-options.ts";
import type { ImageScope } from "./image-scope.ts";
import { toArrived, type ArrivedImage } from "./pull-action.ts";
import { requireImage } from "./require-image.ts";

/** What came of `berth images load`. */
export interface LoadReport {
  readonly path: string;
  readonly images: readonly ArrivedImage[];
}

/** `berth images load`: takes the images of a layout or archive into the store. */
export async function loadAction(
  { path, platform }: LoadOptions,
  { packer }: Pick<ImageScope, "packer">,
): Promise<LoadReport> {
  const images = await packer.readLayout(path, platform);
  return { path, images: images.map(toArrived) };
}

/** What came of `berth images save`. */
export interface SaveReport {
  readonly id: string;
  /** Of the manifest. */
  readonly digest: string;
  readonly output: string;
}

/** `berth images save`: writes an image of the store as an OCI layout. */
export async function saveAction(
  { image: name, output, compression }: SaveOptions,
  { store, packer, display }: Pick<ImageScope, "store" | "packer" | "display">,
): Promise<SaveReport> {
  await using _held = await store.hold();
  const image = await requireImage(store, name);
  const packed = await packer.pack(image, { compression, onProgress: display.follow("pack") });
  await packer.writeLayout([{ image: packed, names: image.tags }], output);
  return { id: image.id, digest: packed.manifest.digest, output };
}
