import { setTimeout as delay } from "node:timers/promises";

import { backoffMs } from "../../core/backoff.ts";
import { TransientFailure } from "./transient-failure.ts";

/** How long a registry that fails is asked again. */
export interface RetryPolicy {
  /** Tries in a row without progress. */
  readonly attempts: number;
  /** The first delay; it doubles. */
  readonly baseDelayMs: number;
  readonly maxDelayMs: number;
  /** From the first failure in a row on; a Retry-After that reaches beyond it ends the tries. */
  readonly totalMs: number;
}

/** Six tries, some 8 s of delays, as long as a registry takes to restart. */
export const defaultRetryPolicy: RetryPolicy = {
  attempts: 6,
  baseDelayMs: 250,
  maxDelayMs: 10_000,
  totalMs: 300_000,
};

/** What {@link retrying} goes by. */
export interface RetryOptions {
  readonly policy: RetryPolicy;
  readonly signal?: AbortSignal | undefined;
  readonly onRetry?: () => void;
}

/** Told by an attempt that it came further than all before it: the tries are counted anew. */
export type ReportProgress = () => void;

/**
 * Does something until it does not fail by a {@link TransientFailure}, or the tries are used up.
 *
 * @throws the last failure; the signal's reason when it was aborted
 */
export async function retrying<T>(
  options: RetryOptions,
  attempt: (reportProgress: ReportProgress) => Promise<T>,
): Promise<T> {
  const { policy, signal, onRetry } = options;
  let failures = 0;
  let firstAtMs = 0;
  const reportProgress = (): void => void (failures = 0);
  for (;;) {
    signal?.throwIfAborted();
    try {
      return await attempt(reportProgress);
    } catch (error) {
      signal?.throwIfAborted();
      failures += 1;
      if (failures === 1) firstAtMs = performance.now();
      const delayMs = nextDelayMs(error, failures, policy);
      const isLate = performance.now() - firstAtMs + delayMs > policy.totalMs;
      if (!(error instanceof TransientFailure) || failures >= policy.attempts || isLate)
        throw error;
      onRetry?.();
      await delay(delayMs, undefined, { signal }).catch(() => signal?.throwIfAborted());
    }
  }
}

/** Half of the delay is random, so that clients that failed together do not come back together. */
function nextDelayMs(error: unknown, failures: number, policy: RetryPolicy): number {
  const backoff = backoffMs(failures, policy.baseDelayMs, policy.maxDelayMs);
  const jittered = backoff / 2 + (Math.random() * backoff) / 2;
  const askedMs = error instanceof TransientFailure ? (error.retryAfterMs ?? 0) : 0;
  return Math.max(jittered, askedMs);
}
