import type { Image } from "../../images/image-store.ts";
import type { PullOptions } from "./image-options.ts";
import type { ImageScope } from "./image-scope.ts";

/** An image that came into the store. */
export interface ArrivedImage {
  readonly id: string;
  readonly tags: readonly string[];
  readonly sizeBytes: number;
}

/** What came of a pull. */
export interface PullReport extends ArrivedImage {
  readonly reference: string;
  /** Of the manifest. */
  readonly digest: string;
}

/** `berth images pull`: brings an image of a registry into the store. */
export async function pullAction(options: PullOptions, scope: ImageScope): Promise<PullReport> {
  const { reference, platform, tag } = options;
  const { remote, packer, store, display } = scope;
  await using _held = await store.hold();
  const pulled = await remote.pull(reference, platform, display.follow("pull"));
  const { digest } = pulled.manifest;
  const image = await packer.unpack(digest, { tag: reference, platform });
  if (tag !== undefined) await store.tag(image.id, tag);
  return { ...toArrived((await store.get(image.id)) ?? image), reference, digest };
}

/** Keeps of an image what is said of one that came. */
export function toArrived({ id, tags, sizeBytes }: Image): ArrivedImage {
  return { id, tags, sizeBytes };
}
