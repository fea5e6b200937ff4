import type { UnusedItem } from "../../images/store-garbage.ts";
import type { PruneOptions } from "./image-options.ts";
import type { ImageScope } from "./image-scope.ts";
import type { PruneReport } from "./prune-action.ts";

/**
 * Finds what of the store nothing uses: images without a name, layers and blobs of none. Deletes it
 * when that is confirmed. What has a name is deleted by its name alone; what `--keep-file` names by
 * a digest stays.
 */
export async function pruneStore(
  options: PruneOptions,
  { store, guards }: Pick<ImageScope, "guards" | "store">,
): Promise<PruneReport> {
  const { isConfirmed, unusedForMs } = options;
  const { uses } = await guards.findUses({ kind: "store" }, options);
  const users = new Map(
    uses.flatMap(({ by, breaks, wants }) => {
      const digest =
        wants.kind === "reference" ? /sha256:[0-9a-f]{64}$/.exec(wants.reference) : null;
      return digest === null ? [] : [[digest[0], `${by} (${breaks})`] as const];
    }),
  );
  const keptDigests = new Set(users.keys());
  const all = keptDigests.size > 0 ? await store.removeUnused({ unusedForMs }) : [];
  const mode = isConfirmed ? "remove" : "list";
  const items = await store.removeUnused({ mode, unusedForMs, keptDigests });
  const kept = all.filter(({ name }) => users.has(name));
  return {
    from: "store",
    isDryRun: !isConfirmed,
    removed: items.map((item) => ({ name: nameOf(item), sizeBytes: item.sizeBytes })),
    freedBytes: items.reduce((sum, { sizeBytes }) => sum + sizeBytes, 0),
    kept: kept.map((item) => ({ name: nameOf(item), usedBy: [users.get(item.name) ?? ""] })),
  };
}

function nameOf({ kind, name }: UnusedItem): string {
  return `${kind} ${name}`;
}
