import { forEachAtOnce } from "../for-each-at-once.ts";

/** How things move together. */
export interface TransferAllOptions {
  readonly limit: number;
  readonly signal: AbortSignal | undefined;
}

/**
 * Moves several things, some at the same time; the first failure ends the others.
 *
 * @throws what failed first, when all have ended
 */
export async function transferAll<T>(
  items: readonly T[],
  { limit, signal }: TransferAllOptions,
  move: (item: T, signal: AbortSignal) => Promise<void>,
): Promise<void> {
  const stop = new AbortController();
  const signals = [stop.signal, ...(signal === undefined ? [] : [signal])];
  const both = AbortSignal.any(signals);
  try {
    await forEachAtOnce(items, limit, async (item) => {
      both.throwIfAborted();
      await move(item, both).catch((error: unknown) => {
        stop.abort(error);
        throw error;
      });
    });
  } catch (error) {
    signal?.throwIfAborted();
    throw stop.signal.aborted ? stop.signal.reason : error;
  }
}
