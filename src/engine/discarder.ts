import { rm } from "node:fs/promises";

import { removeTree } from "./sandbox/remove-tree.ts";

/** Deletes directories without making anybody wait. */
export interface Discarder {
  /** Begins to delete a directory. */
  readonly discard: (directory: string) => void;
  /** Resolves when all that was begun is done. */
  finish(): Promise<void>;
}

/**
 * Makes a discarder. A removed container's files are many, and `destroy()` must not wait for them.
 *
 * @param onFailure told of a directory that could not be deleted
 */
export function createDiscarder(onFailure: (message: string) => void): Discarder {
  const running = new Set<Promise<void>>();
  return {
    discard: (directory) => {
      const deletion = deleteTree(directory).catch((error: unknown) =>
        onFailure(`Cannot delete ${directory}: ${String(error)}`),
      );
      running.add(deletion);
      void deletion.then(() => running.delete(deletion));
    },
    finish: async () => {
      await Promise.all(running);
    },
  };
}

/** Deletes a tree; only one that holds directories nobody may enter is worth blocking for. */
export async function deleteTree(directory: string): Promise<void> {
  try {
    await rm(directory, { recursive: true, force: true, maxRetries: 3 });
  } catch {
    removeTree(directory);
  }
}
