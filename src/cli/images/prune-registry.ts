import { decideDelete } from "../../images/guard/refuse-used.ts";
import type { PruneOptions } from "./image-options.ts";
import type { ImageScope } from "./image-scope.ts";
import type { PruneReport } from "./prune-action.ts";
import { findTaggedImages, type TaggedImage } from "./tagged-images.ts";

/** Finds the images of a repository that nothing uses; deletes them when that is confirmed. */
export async function pruneRegistry(
  options: PruneOptions & { readonly remote: string },
  { remote, guards, display }: Pick<ImageScope, "display" | "guards" | "remote">,
): Promise<PruneReport> {
  const repository = await remote.toTarget(options.remote);
  const images = await findTaggedImages(repository, remote);
  const uses = await guards.findUses({ kind: "registry", repository }, options);
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
