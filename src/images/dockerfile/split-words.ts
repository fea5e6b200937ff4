/**
 * Splits at white space outside quotes; quotes and escapes stay in the words. A quote that is not
 * closed is a character like others; who expands the word complains of it.
 *
 * @param text a logical line
 * @param escape the Dockerfile's escape character
 */
export function splitWords(text: string, escape: string): readonly string[] {
  const e = escape === "`" ? "`" : String.raw`\\`;
  const word = new RegExp(`(?:${e}[^]|'[^']*'|"(?:${e}[^]|[^"${e}])*"|\\S)+`, "gu");
  return text.match(word) ?? [];
}
