import { ImageError } from "../../images/image-error.ts";
import type { Image, ImageStore } from "../../images/image-store.ts";

/**
 * Finds an image of the store.
 *
 * @throws {ImageError} NO_SUCH_IMAGE with what there is
 */
export async function requireImage(store: ImageStore, reference: string): Promise<Image> {
  const image = await store.get(reference);
  if (image !== undefined) return image;
  const names = (await store.list()).flatMap(({ tags }) => tags);
  const known = names.slice(0, SHOWN_NAMES).join(", ");
  const more = names.length > SHOWN_NAMES ? `, and ${names.length - SHOWN_NAMES} more` : "";
  throw new ImageError(
    "NO_SUCH_IMAGE",
    `Cannot find image: ${reference} is not in the store; ` +
      (names.length === 0 ? "build, pull or load one first" : `there are ${known}${more}`),
  );
}

const SHOWN_NAMES = 10;
