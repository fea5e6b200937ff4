import { realpath } from "node:fs/promises";
import { isAbsolute, join, relative, resolve } from "node:path";

import { formatPlatform, isPlatform } from "./oci/platform.ts";
import { ImageError, type ImageErrorCode } from "./image-error.ts";
import type { BuildStore, Image } from "./image-store.ts";
import type { Platform } from "./oci/descriptor.ts";

/** What an image has to be. */
export interface ResolveRequest {
  readonly platform: Platform;
  /** Where the Dockerfile names it. */
  readonly line: number;
  /** "option": named by who builds, so that a path may lead anywhere. */
  readonly origin: "dockerfile" | "option";
  /** Told each place that was looked at in vain, and why. */
  readonly onTried: (what: string) => void;
}

/**
 * Finds the image that FROM or --from names.
 *
 * @returns undefined when it is nowhere
 */
export type ImageResolver = (from: string, request: ResolveRequest) => Promise<Image | undefined>;

/** Where images come from that are not in the store. */
export interface ImageSources {
  /** Takes an image of an OCI layout or archive in (default: paths are refused). */
  readonly importLayout?: (layout: LayoutReference, platform: Platform) => Promise<Image>;
  /** Pulls an image and takes it in (default: registries are not asked). */
  readonly pull?: (reference: string, platform: Platform) => Promise<Image>;
}

/** What {@link createImageResolver} looks through. */
export interface ResolverOptions extends ImageSources {
  readonly store: BuildStore;
  /** What paths of layouts are relative to, and may not leave when a Dockerfile names them. */
  readonly contextDir: string;
  /** Whether a tag is looked up in its registry though the store has it (default: no). */
  readonly isPullForced?: boolean;
}

/** An image of a layout or archive. */
export interface LayoutReference {
  /** An absolute path of a directory or an archive. */
  readonly path: string;
  /** Its tag, or "sha256:…" of its manifest (default: the only image in there). */
  readonly name?: string;
}

/** After these, another place may have the image, or the host's files may stand for it. */
const notThere: ReadonlySet<ImageErrorCode> = new Set<ImageErrorCode>([
  "NO_SUCH_IMAGE",
  "REGISTRY_DENIED",
  "REGISTRY_FAILED",
  "REGISTRY_UNREACHABLE",
]);

/**
 * Makes what finds base images: a layout or archive by its path (`oci:PATH[:TAG]`,
 * `oci-archive:PATH`, `docker-archive:PATH`, as an option `oci-layout://PATH[:TAG]`), else an image
 * of the store, else one of its registry.
 */
export function createImageResolver(options: ResolverOptions): ImageResolver {
  return async (from, request) => {
    const layout = parseLayout(from, request.origin);
    if (layout !== undefined) return resolveLayout(layout, from, { ...options, ...request });
    const isFixed = from.includes("@"); // a digest means the same at any time
    if (options.isPullForced === true && !isFixed) return tryPull(from, request, options);
    const image = await options.store.get(from);
    if (image !== undefined && isFit(image, request.platform)) return image;
    request.onTried(
      image === undefined
        ? "the images on this machine"
        : `the images on this machine, where ${from} is for another platform`,
    );
    return tryPull(from, request, options);
  };
}

function isFit({ base, platform }: Image, wanted: Platform): boolean {
  return base === "host" || platform === undefined || isPlatform(platform, wanted);
}

/**
 * Pulls an image, when there is a registry that has it.
 *
 * @throws {ImageError} what is no answer to whether there is one: DIGEST_MISMATCH, DISK_FULL, …
 */
export async function tryPull(
  reference: string,
  { platform, onTried }: Pick<ResolveRequest, "platform" | "onTried">,
  { pull }: ImageSources,
): Promise<Image | undefined> {
  if (pull === undefined) {
    onTried("no registry, which is turned off");
    return undefined;
  }
  try {
    return await pull(reference, platform);
  } catch (error) {
    if (!(error instanceof ImageError) || !notThere.has(error.code)) throw error;
    onTried(`its registry: ${error.message.replace(`[${error.code}] `, "")}`);
    return undefined;
  }
}

/** A tag has no slash; what follows the last colon of a path is one then. */
function parseLayout(from: string, origin: ResolveRequest["origin"]): LayoutReference | undefined {
  const prefix = origin === "option" ? /^oci-layout:\/\// : /^(oci|oci-archive|docker-archive):/;
  if (!prefix.test(from)) return undefined;
  const rest = from.replace(prefix, "");
  const match = /^(.+?)(?:@(sha256:[0-9a-f]{64})|:([^/:]+))?$/.exec(rest);
  const name = match?.[2] ?? match?.[3];
  return { path: match?.[1] ?? rest, ...(name !== undefined && { name }) };
}

async function resolveLayout(
  layout: LayoutReference,
  from: string,
  scope: ResolverOptions & ResolveRequest,
): Promise<Image | undefined> {
  const { contextDir, origin, line, platform, importLayout } = scope;
  const path = await realpath(resolve(contextDir, layout.path)).catch(() => undefined);
  if (path === undefined) {
    scope.onTried(`${join(contextDir, layout.path)}, which is not there`);
    return undefined;
  }
  if (origin === "dockerfile" && !isInside(await realpath(contextDir), path)) {
    throw new ImageError(
      "DOCKERFILE_INVALID",
      `Cannot build line ${line}: ${from}; the path leaves the build context: move the image into ` +
        "it, or give it by --build-context NAME=oci-layout://PATH",
      { line },
    );
  }
  if (importLayout !== undefined) return importLayout({ ...layout, path }, platform);
  scope.onTried(`no layouts, for ${formatPlatform(platform)} either`);
  return undefined;
}

function isInside(directory: string, path: string): boolean {
  const way = relative(directory, path);
  return way !== ".." && !way.startsWith("../") && !isAbsolute(way);
}
