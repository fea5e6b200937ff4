/** How many digits of a digest are enough to know it by; the store takes as many. */
const SHOWN_DIGITS = 12;

/** @returns the first digits of a digest or id, without its algorithm */
export function shortDigest(digest: string): string {
  return digest.slice(digest.indexOf(":") + 1).slice(0, SHOWN_DIGITS);
}
