import type { PushCheckOptions, PushOptions } from "./image-options.ts";
import type { ConfigOffer, ImageScope, PushCheck, PushedImage } from "./image-scope.ts";
import { prepareTarget } from "./prepare-target.ts";
import { requireImage } from "./require-image.ts";

/** What came of a push, and how to use it. */
export interface PushReport extends PushedImage {
  readonly reference: string;
  /** What is no reason to stop, but should be known. */
  readonly warnings: readonly string[];
  readonly config: ConfigOffer;
}

/** `berth images push`: packs an image of the store and sends what the registry does not have. */
export async function pushAction(options: PushOptions, scope: ImageScope): Promise<PushReport> {
  await using _held = await scope.store.hold();
  const image = await requireImage(scope.store, options.image);
  const target = prepareTarget(options.reference ?? options.image, scope.remote);
  const onProgress = scope.display.follow("pack");
  const { compression } = options;
  const packed = await scope.packer.pack(image, { compression, onProgress });
  return await pushPacked({ image, packed, target: await target }, options, scope);
}

/**
 * Pushes a packed image.
 *
 * @throws {ImageError} when a guard rail or the registry refuses it
 */
export async function pushPacked(
  push: PushCheck,
  options: PushCheckOptions,
  { guards, remote, display }: ImageScope,
): Promise<PushReport> {
  const warnings = await guards.checkPush(push, options);
  for (const warning of warnings) display.log(`warning: ${warning}`);
  const pushed = await remote.push(push.packed, push.target, display.follow("push"));
  const config = await guards.offerUri(pushed.uri, options);
  return { ...pushed, reference: push.target, warnings, config };
}
