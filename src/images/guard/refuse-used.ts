import { ImageError } from "../image-error.ts";
import { findUsers, type ImageUse, type KnownImage } from "./find-users.ts";

/** What is known of the uses of images. */
export interface KnownUses {
  readonly uses: readonly ImageUse[];
  /** Why others may exist that are not known; empty when all are. */
  readonly unknown: readonly string[];
}

/** Whether an image may be deleted. */
export type DeleteDecision =
  | { readonly kind: "delete"; /** What breaks. */ readonly warnings: readonly string[] }
  | { readonly kind: "refuse"; readonly reasons: readonly string[] };

/**
 * Decides whether an image may go. Pure.
 *
 * @param mode "force": it goes, and what breaks is told
 */
export function decideDelete(
  image: KnownImage,
  known: KnownUses,
  mode: "check" | "force",
): DeleteDecision {
  const users = findUsers(image, known.uses);
  if (mode === "force") {
    const broken = users.map(({ by, breaks }) => `${by} uses it: ${breaks}`);
    const unseen = known.unknown.map((why) => `it may be in use: ${why}`);
    return { kind: "delete", warnings: [...broken, ...unseen] };
  }
  const reasons = users.map(({ by, breaks }) => `${by} (${breaks})`);
  if (users.length > 0 || known.unknown.length > 0) {
    return { kind: "refuse", reasons: [...reasons, ...known.unknown] };
  }
  return { kind: "delete", warnings: [] };
}

/**
 * Ends the deletion of an image that is in use, or may be.
 *
 * @returns what breaks, to tell the user
 * @throws {ImageError} IMAGE_IN_USE, with each user
 */
export function refuseUsed(
  image: KnownImage,
  known: KnownUses,
  mode: "check" | "force",
): readonly string[] {
  const decision = decideDelete(image, known, mode);
  if (decision.kind === "delete") return decision.warnings;
  const name = `${image.repository}${image.digest === undefined ? "" : `@${image.digest}`}`;
  const users = decision.reasons.map((reason) => `  ${reason}`).join("\n");
  throw new ImageError(
    "IMAGE_IN_USE",
    `Cannot delete ${image.tags.length > 0 ? `${image.repository}:${image.tags.join(", ")}` : name}: ` +
      `it is in use, or may be:\n${users}\nGive the images to keep with --keep-file when wrangler ` +
      "cannot be asked, or delete it all the same with --force",
  );
}
