import { ContainerError } from "../errors/container-error.ts";
import type { Clock } from "../ports/clock.ts";

/** How long a request may wait for its headers, and who else may end it. */
export interface FetchLimit {
  readonly clock: Clock;
  /** `Infinity` without a limit. */
  readonly timeoutMs: number;
  readonly signal: AbortSignal;
}

/**
 * Sends a request that has only so long to get its headers. Its body may take as long as it likes.
 *
 * @throws {ContainerError} `REQUEST_TIMEOUT`
 */
export async function timedFetch(
  port: Fetcher,
  request: Request,
  { clock, timeoutMs, signal }: FetchLimit,
): Promise<Response> {
  const late = Promise.withResolvers<never>();
  const cut = new AbortController();
  const timer = clock.setTimeout(() => {
    late.reject(timeoutError(timeoutMs));
    cut.abort();
  }, timeoutMs);
  try {
    const sent = port.fetch(request, { signal: AbortSignal.any([signal, cut.signal]) });
    return await Promise.race([sent, late.promise]);
  } finally {
    clock.clearTimeout(timer);
  }
}

function timeoutError(timeoutMs: number): ContainerError {
  return new ContainerError(
    "REQUEST_TIMEOUT",
    `Cannot wait for the app's answer: no headers after ${timeoutMs} ms; raise requestTimeout, or see what the app does`,
    { details: { timeoutMs } },
  );
}
