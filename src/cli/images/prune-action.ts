import type { PruneOptions } from "./image-options.ts";
import type { ImageScope } from "./image-scope.ts";
import { pruneRegistry } from "./prune-registry.ts";
import { pruneStore } from "./prune-store.ts";

/** What nothing uses. */
export interface PruneReport {
  readonly from: string;
  /** Whether it was only said what would go. */
  readonly isDryRun: boolean;
  readonly removed: readonly PrunedItem[];
  /** What others share is not counted. */
  readonly freedBytes: number;
  readonly kept: readonly { readonly name: string; readonly usedBy: readonly string[] }[];
}

/** Something that went, or would. */
export interface PrunedItem {
  readonly name: string;
  readonly sizeBytes: number;
}

/** `berth images prune`: says what nothing uses, and deletes it when that is confirmed. */
export function pruneAction(options: PruneOptions, scope: ImageScope): Promise<PruneReport> {
  const { remote } = options;
  return remote === undefined
    ? pruneStore(options, scope)
    : pruneRegistry({ ...options, remote }, scope);
}
