/**
 * Delay before a repeated attempt: `baseMs` doubled per failure, never above `capMs`.
 *
 * @param failures how many attempts failed so far, 1 or more
 */
export function backoffMs(failures: number, baseMs: number, capMs: number): number {
  return Math.min(capMs, baseMs * 2 ** Math.max(0, failures - 1));
}
