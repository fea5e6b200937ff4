import { forEachAtOnce } from "../../images/for-each-at-once.ts";
import { decideDelete } from "../../images/guard/refuse-used.ts";
import type { PruneOptions } from "./image-options.ts";
import type { ImageScope, MeasuredImage } from "./image-scope.ts";
import type { PruneReport } from "./prune-action.ts";

/** A manifest of the repository, and all the tags that point to it. */
interface TaggedImage {
  readonly name: string;
  readonly tags: string[];
  readonly measured: MeasuredImage;
}

const AT_ONCE = 4;

/** Finds the images of a repository that nothing uses; deletes them when that is confirmed. */
export async function pruneRegistry(
  options: PruneOptions & { readonly remote: string },
  { remote, guards, display }: Pick<ImageScope, "display" | "guards" | "remote">,
): Promise<PruneReport> {
  const repository = await remote.toTarget(options.remote);
  const images = await findImages(repository, remote);
  const uses = await guards.findUses("registry", options);
  const removed: TaggedImage[] = [];
  const kept: TaggedImage[] = [];
  const usedBy = new Map<TaggedImage, readonly string[]>();
  for (const image of images) {
    const { tags, measured } = image;
    const known = { repository, tags, digest: measured.digest };
    const decision = decideDelete(known, uses, "check");
    if (decision.kind === "refuse") usedBy.set(image, decision.reasons);
    (decision.kind === "refuse" ? kept : removed).push(image);
  }
  for (const { measured, name } of options.isConfirmed ? removed : []) {
    display.log(`deleting ${name}`);
    await remote.deleteManifest(`${repository}@${measured.digest}`);
  }
  return {
    from: repository,
    isDryRun: !options.isConfirmed,
    removed: removed.map(({ name, measured }) => ({ name, sizeBytes: measured.sizeBytes })),
    freedBytes: [...partsOf(removed, new Set(partsOf(kept).keys())).values()].reduce(sum, 0),
    kept: kept.map((image) => ({ name: image.name, usedBy: usedBy.get(image) ?? [] })),
  };
}

async function findImages(
  repository: string,
  remote: ImageScope["remote"],
): Promise<readonly TaggedImage[]> {
  const images = new Map<string, TaggedImage>();
  const tags = await remote.listTags(repository);
  await forEachAtOnce(tags, AT_ONCE, async (tag) => {
    const measured = await remote.measure(`${repository}:${tag}`);
    const known = images.get(measured.digest);
    if (known === undefined) {
      images.set(measured.digest, { name: `${repository}:${tag}`, tags: [tag], measured });
    } else known.tags.push(tag);
  });
  return [...images.values()].toSorted((a, b) => a.name.localeCompare(b.name));
}

/** @returns the size of each part of the images, without those that are needed elsewhere */
function partsOf(
  images: readonly TaggedImage[],
  needed: ReadonlySet<string> = new Set(),
): ReadonlyMap<string, number> {
  const parts = images.flatMap(({ measured }) => measured.parts);
  return new Map(
    parts.filter(({ digest }) => !needed.has(digest)).map(({ digest, size }) => [digest, size]),
  );
}

function sum(total: number, sizeBytes: number): number {
  return total + sizeBytes;
}
