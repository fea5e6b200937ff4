const MIN_GAP_MS = 5;
const MAX_GAP_MS = 500;
const SHARE_OF_WAIT = 0.02;

/**
 * Pause before the next readiness probe. It grows with the time already waited, so that what is
 * wasted stays a small share of the boot and the number of probes grows with its logarithm.
 *
 * @param waitedMs time since the first probe, in milliseconds
 */
export function probeGapMs(waitedMs: number): number {
  return Math.min(MAX_GAP_MS, Math.max(MIN_GAP_MS, waitedMs * SHARE_OF_WAIT));
}
