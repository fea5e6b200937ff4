import { StringDecoder } from "node:string_decoder";

/** Longer lines are cut into pieces, so that a container without newlines can't fill memory. */
export const MAX_LINE_CHARS = 16 * 1024;

/** Takes a stream's chunks and gives its lines. */
export interface LineSplitter {
  /** Takes a chunk; a character may be cut in two by its end. */
  write(chunk: Uint8Array): void;
  /** Gives what is left when the stream ends without a newline. */
  end(): void;
}

/**
 * Makes a splitter.
 *
 * @param onLine gets each line without its line end, at most {@link MAX_LINE_CHARS} long
 */
export function createLineSplitter(onLine: (line: string) => void): LineSplitter {
  const decoder = new StringDecoder("utf8");
  let rest = "";
  const take = (text: string): void => {
    const lines = (rest + text).split("\n");
    rest = lines.pop() ?? "";
    for (const line of lines) giveBounded(line.replace(/\r$/, ""), onLine);
    while (rest.length > MAX_LINE_CHARS) {
      onLine(rest.slice(0, MAX_LINE_CHARS));
      rest = rest.slice(MAX_LINE_CHARS);
    }
  };
  return {
    write: (chunk) => take(decoder.write(Buffer.from(chunk))),
    end: () => {
      take(decoder.end());
      if (rest !== "") onLine(rest);
      rest = "";
    },
  };
}

function giveBounded(line: string, onLine: (line: string) => void): void {
  if (line.length <= MAX_LINE_CHARS) return onLine(line);
  for (let at = 0; at < line.length; at += MAX_LINE_CHARS) {
    onLine(line.slice(at, at + MAX_LINE_CHARS));
  }
}
