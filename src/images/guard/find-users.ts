import { isDigest } from "../oci/is-digest.ts";

/** An image of which somebody asks whether it may go. */
export interface KnownImage {
  /** With the registry's host: "registry.example/team/app". */
  readonly repository: string;
  readonly tags: readonly string[];
  /** "sha256:…" of its manifest. */
  readonly digest?: string;
}

/** Something that needs an image. */
export interface ImageUse {
  /** What it is, for what is printed: "wrangler.jsonc, container App". */
  readonly by: string;
  /** What fails when the image is gone. */
  readonly breaks: string;
  readonly wants: WantedImage;
}

/** The image that a use needs. */
export type WantedImage =
  /** A reference with its registry's host, or a digest alone. */
  | { readonly kind: "reference"; readonly reference: string }
  /** wrangler tags the image of a Worker version with the first part of the version's id. */
  | { readonly kind: "version"; readonly versionId: string }
  /** Some version that nobody could name: every tag that may be a version's. */
  | { readonly kind: "unlisted-version" };

const VERSION_TAG = /^[0-9a-f]{8}$/;

/**
 * Finds what uses an image. Pure.
 *
 * @param uses every use that is known
 */
export function findUsers(image: KnownImage, uses: readonly ImageUse[]): readonly ImageUse[] {
  const named = uses.filter(({ wants }) => isNamed(image, wants));
  const certain = new Set(named.flatMap(({ wants }) => versionTagOf(wants)));
  const open = image.tags.filter((tag) => VERSION_TAG.test(tag) && !certain.has(tag));
  const unlisted = uses.filter(({ wants }) => wants.kind === "unlisted-version");
  return open.length > 0 ? [...named, ...unlisted] : named;
}

function isNamed(image: KnownImage, wants: WantedImage): boolean {
  if (wants.kind === "reference") return isReferred(image, wants.reference);
  return versionTagOf(wants).some((tag) => image.tags.includes(tag));
}

function versionTagOf(wants: WantedImage): readonly string[] {
  return wants.kind === "version" ? [wants.versionId.split("-")[0] ?? wants.versionId] : [];
}

function isReferred(image: KnownImage, reference: string): boolean {
  if (isDigest(reference)) return reference === image.digest;
  const [name = "", digest] = reference.split("@");
  const colon = name.lastIndexOf(":");
  const hasTag = colon > name.lastIndexOf("/");
  if ((hasTag ? name.slice(0, colon) : name) !== image.repository) return false;
  if (digest !== undefined && image.digest !== undefined) return digest === image.digest;
  return image.tags.includes(hasTag ? name.slice(colon + 1) : "latest");
}
