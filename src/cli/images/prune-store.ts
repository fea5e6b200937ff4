import type { PruneOptions } from "./image-options.ts";
import type { ImageScope } from "./image-scope.ts";
import type { PruneReport } from "./prune-action.ts";

/**
 * Finds what of the store nothing uses: images without a name, layers and blobs of none. Deletes it
 * when that is confirmed. What has a name is deleted by its name alone.
 */
export async function pruneStore(
  { isConfirmed, unusedForMs }: PruneOptions,
  { store }: Pick<ImageScope, "store">,
): Promise<PruneReport> {
  const mode = isConfirmed ? "remove" : "list";
  const items = await store.removeUnused({ mode, unusedForMs });
  return {
    from: "store",
    isDryRun: !isConfirmed,
    removed: items.map(({ kind, name, sizeBytes }) => ({ name: `${kind} ${name}`, sizeBytes })),
    freedBytes: items.reduce((sum, { sizeBytes }) => sum + sizeBytes, 0),
    kept: [],
  };
}
