import type { Image } from "../../images/image-store.ts";
import type { OciImage } from "../../images/oci/descriptor.ts";
import type { BuildImageOptions } from "./image-options.ts";
import type { ImageScope } from "./image-scope.ts";
import { prepareTarget } from "./prepare-target.ts";
import { pushPacked, type PushReport } from "./push-action.ts";

/** What came of a build. */
export interface BuildReport {
  readonly id: string;
  readonly tags: readonly string[];
  /** Of the manifest. */
  readonly digest: string;
  /** Of the unpacked layers. */
  readonly sizeBytes: number;
  /** Of the layers as they travel. */
  readonly packedBytes: number;
  readonly layers: readonly { readonly digest: string; readonly sizeBytes: number }[];
  /** The OCI layout that was written. */
  readonly output?: string;
  /** One for each tag. */
  readonly pushes: readonly PushReport[];
}

/** `berth images build`: builds, packs, and writes or pushes what it was asked to. */
export async function buildAction(
  options: BuildImageOptions,
  scope: ImageScope,
): Promise<BuildReport> {
  const { store, display, packer } = scope;
  await using _held = await store.hold();
  const targets = options.isPushed
    ? options.tags.map((tag) => prepareTarget(tag, scope.remote))
    : [];
  const image = await scope.builder.build(options);
  for (const tag of options.tags.slice(1)) await store.tag(image.id, tag);
  const { compression, platform, output } = options;
  const onProgress = display.follow("pack");
  const packed = await packer.pack(image, { compression, platform, onProgress });
  if (output !== undefined) {
    await packer.writeLayout([{ image: packed, names: options.tags }], output);
  }
  const pushes: PushReport[] = [];
  for (const target of targets) {
    pushes.push(await pushPacked({ image, packed, target: await target }, options, scope));
  }
  return toReport({ image, packed, pushes }, options);
}

function toReport(
  made: {
    readonly image: Image;
    readonly packed: OciImage;
    readonly pushes: readonly PushReport[];
  },
  { tags, output }: BuildImageOptions,
): BuildReport {
  const { image, packed, pushes } = made;
  const layers = packed.layers.map(({ digest, size }) => ({ digest, sizeBytes: size }));
  return {
    id: image.id,
    tags,
    digest: packed.manifest.digest,
    sizeBytes: image.sizeBytes,
    packedBytes: layers.reduce((sum, layer) => sum + layer.sizeBytes, 0),
    layers,
    ...(output !== undefined && { output }),
    pushes,
  };
}
