import type { BuildStore, Image } from "./image-store.ts";
import type { Platform } from "./oci/descriptor.ts";
export interface ResolveRequest {
  readonly platform: Platform;
  /** Where the Dockerfile names it. */
  readonly line: number;
  /** "option": named by who builds, so a path may lead anywhere. */
  readonly origin: "dockerfile" | "option";
  /** Told each place that was looked at in vain, and why. */
  readonly onTried: (what: string) => void;
}
export type ImageResolver = (from: string, request: ResolveRequest) => Promise<Image | undefined>;
export interface ResolverOptions {
  readonly store: BuildStore;
  readonly contextDir: string;
}
export function createImageResolver({ store }: ResolverOptions): ImageResolver {
  return async (from, { onTried }) => {
    const image = await store.get(from);
    if (image === undefined) onTried("the images on this machine");
    return image;
  };
}
