import { rm } from "node:fs/promises";

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
      const deletion = rm(directory, { recursive: true, force: true, maxRetries: 3 }).catch(
        (error: unknown) => onFailure(`Cannot delete ${directory}: ${String(error)}`),
      );
      running.add(deletion);
      void deletion.then(() => running.delete(deletion));
    },
    finish: async () => {
      await Promise.all(running);
    },
  };
}
