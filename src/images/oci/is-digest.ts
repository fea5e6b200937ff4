const pattern = /^sha256:[0-9a-f]{64}$/;

/** Tells whether a text is a digest, as "sha256:…". */
export function isDigest(text: string): boolean {
  return pattern.test(text);
}
