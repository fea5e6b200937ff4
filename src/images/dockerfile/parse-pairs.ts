import { ImageError } from "../image-error.ts";
import { expandWord, type ExpandOptions } from "./expand-word.ts";
import { splitWords } from "./split-words.ts";

/**
 * Reads `NAME=value NAME2=value2` of ENV and LABEL, or their old form `NAME some words`.
 *
 * @throws {ImageError} DOCKERFILE_INVALID when a name or value is missing
 */
export function parsePairs(
  keyword: string,
  text: string,
  options: ExpandOptions,
): readonly (readonly [name: string, value: string])[] {
  const words = splitWords(text, options.escape);
  const first = words[0] ?? "";
  if (!first.includes("=")) return [parseOldForm(keyword, text, options)];
  return words.map((word) => {
    const at = word.indexOf("=");
    if (at <= 0) throw invalid(keyword, word, options.line);
    return [expandWord(word.slice(0, at), options), expandWord(word.slice(at + 1), options)];
  });
}

function parseOldForm(
  keyword: string,
  text: string,
  options: ExpandOptions,
): readonly [name: string, value: string] {
  const match = /^(\S+)\s+(.+)$/s.exec(text);
  if (match?.[1] === undefined || match[2] === undefined) {
    throw invalid(keyword, text, options.line);
  }
  return [expandWord(match[1], options), expandWord(match[2], options)];
}

function invalid(keyword: string, text: string, line: number): ImageError {
  return new ImageError(
    "DOCKERFILE_INVALID",
    `Cannot read line ${line}: ${keyword} ${text}; write ${keyword} NAME=value`,
    { line },
  );
}
