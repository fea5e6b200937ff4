/**
 * Splits at white space outside quotes; quotes and escapes stay in the words.
 *
 * @param text a logical line
 * @param escape the Dockerfile's escape character
 */
export function splitWords(text: string, escape: string): readonly string[] {
  const words: string[] = [];
  let word = "";
  let quote = "";
  for (let at = 0; at < text.length; at += 1) {
    const char = text.charAt(at);
    if (quote === "" && /\s/.test(char)) {
      if (word !== "") words.push(word);
      word = "";
      continue;
    }
    if (char === escape && quote !== "'") {
      word += text.slice(at, at + 2);
      at += 1;
      continue;
    }
    if (quote === "" && (char === '"' || char === "'")) quote = char;
    else if (char === quote) quote = "";
    word += char;
  }
  return word === "" ? words : [...words, word];
}
