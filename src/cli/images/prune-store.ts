import { decideDelete } from "../../images/guard/refuse-used.ts";
import type { Image } from "../../images/image-store.ts";
import type { PruneOptions } from "./image-options.ts";
import type { ImageScope } from "./image-scope.ts";
import { toKnownImages } from "./known-images.ts";
import type { PrunedItem, PruneReport } from "./prune-action.ts";

/**
 * Finds what of the store nothing uses: images without a name, layers and blobs of none; with
 * `--all` named images too, unless the configuration or the keep file names them. Deletes it when
 * that is confirmed.
 */
export async function pruneStore(
  options: PruneOptions,
  { store, guards, display }: Pick<ImageScope, "display" | "guards" | "store">,
): Promise<PruneReport> {
  const named = options.isNamedIncluded
    ? (await store.list()).filter(({ tags }) => tags.length > 0)
    : [];
  const uses = await guards.findUses("store", options);
  const kept: PruneReport["kept"][number][] = [];
  const removed: Image[] = [];
  for (const image of named) {
    const decisions = toKnownImages(image.tags).map((known) => decideDelete(known, uses, "check"));
    const usedBy = decisions.flatMap((each) => (each.kind === "refuse" ? each.reasons : []));
    if (usedBy.length === 0) removed.push(image);
    else kept.push({ name: image.tags.join(", "), usedBy });
  }
  for (const { id, tags } of options.isConfirmed ? removed : []) {
    display.log(`deleting ${tags.join(", ")}`);
    await store.remove(id);
  }
  const spare = await store.removeUnused({
    isDryRun: !options.isConfirmed,
    without: removed.map(({ id }) => id),
  });
  const items: readonly PrunedItem[] = spare.map(({ name, sizeBytes }) => ({ name, sizeBytes }));
  return {
    from: "store",
    isDryRun: !options.isConfirmed,
    removed: items,
    freedBytes: items.reduce((sum, { sizeBytes }) => sum + sizeBytes, 0),
    kept,
  };
}
