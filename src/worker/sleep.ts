import type { Clock } from "../ports/clock.ts";

/** Resolves after `delayMs` milliseconds, or as soon as `signal` aborts. Never rejects. */
export function sleep(clock: Clock, delayMs: number, signal?: AbortSignal): Promise<void> {
  return new Promise((resolve) => {
    const done = (): void => {
      clock.clearTimeout(timer);
      signal?.removeEventListener("abort", done);
      resolve();
    };
    const timer = clock.setTimeout(done, delayMs);
    if (signal?.aborted === true) done();
    else signal?.addEventListener("abort", done);
  });
}
