import { forEachAtOnce } from "../../images/for-each-at-once.ts";
import { ImageError } from "../../images/image-error.ts";
import type { ImageScope, MeasuredImage } from "./image-scope.ts";

/** A manifest of a repository, and all the tags that point to it. */
export interface TaggedImage {
  readonly name: string;
  readonly tags: readonly string[];
  readonly measured: MeasuredImage;
}

const AT_ONCE = 4;

/**
 * Finds every image of a repository that has a tag.
 *
 * @param repository with the registry's host
 */
export async function findTaggedImages(
  repository: string,
  remote: ImageScope["remote"],
): Promise<readonly TaggedImage[]> {
  const images = new Map<string, TaggedImage>();
  const tags = await remote.listTags(repository);
  await forEachAtOnce(tags, AT_ONCE, async (tag) => {
    const measured = await measureTag(`${repository}:${tag}`, remote);
    if (measured === undefined) return;
    const known = images.get(measured.digest);
    const name = known?.name ?? `${repository}:${tag}`;
    images.set(measured.digest, { name, tags: [...(known?.tags ?? []), tag], measured });
  });
  return [...images.values()].toSorted((a, b) => a.name.localeCompare(b.name));
}

/** @returns undefined for a tag that went since it was listed */
async function measureTag(
  reference: string,
  remote: ImageScope["remote"],
): Promise<MeasuredImage | undefined> {
  try {
    return await remote.measure(reference);
  } catch (error) {
    if (error instanceof ImageError && error.code === "NO_SUCH_IMAGE") return undefined;
    throw error;
  }
}
