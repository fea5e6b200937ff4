/** The first lines of an HTTP/1.1 request. */
export interface RequestHead {
  readonly method: string;
  readonly target: string;
  /** Names in lower case. */
  readonly headers: ReadonlyMap<string, string>;
  /** Bytes that came after the head. */
  readonly rest: Buffer;
}

const headEnd = Buffer.from("\r\n\r\n");
const headLimitBytes = 16_384;

/**
 * Reads a request's head. A pod has thousands of connections and one small process, so this stands
 * in for `node:http`, which costs a parser and an agent in every pod.
 *
 * @returns `incomplete` when more bytes are needed
 */
export function parseRequestHead(bytes: Buffer): RequestHead | "incomplete" | "invalid" {
  const end = bytes.indexOf(headEnd);
  if (end < 0) return bytes.length > headLimitBytes ? "invalid" : "incomplete";
  const [requestLine = "", ...lines] = bytes.toString("latin1", 0, end).split("\r\n");
  const [method, target, version] = requestLine.split(" ");
  if (!method || !target || !version?.startsWith("HTTP/1.")) return "invalid";
  const headers = new Map<string, string>();
  for (const line of lines) {
    const colon = line.indexOf(":");
    if (colon <= 0) return "invalid";
    headers.set(line.slice(0, colon).toLowerCase(), line.slice(colon + 1).trim());
  }
  return { method, target, headers, rest: bytes.subarray(end + headEnd.length) };
}
