const FIRST_GAP_MS = 6;
const MAX_GAP_MS = 500;
const SHARE_OF_WAIT = 0.009;

/**
 * Pause before the next readiness probe. It grows with the time already waited, so that what is
 * wasted stays a small share of the boot and the number of probes grows with its logarithm.
 *
 * The two numbers are those that waste least over boots of up to 2 s with at most 160 probes.
 *
 * @param waitedMs time since the first probe, in milliseconds
 */
export function probeGapMs(waitedMs: number): number {
  return Math.min(MAX_GAP_MS, FIRST_GAP_MS + waitedMs * SHARE_OF_WAIT);
}
