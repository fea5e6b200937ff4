const headEnd = "\r\n\r\n";
const limitBytes = 131_072;
const requestStart = /^[!#$%&'*+.^_`|~\w-]{1,32}(?: |$)/;

/**
 * Reads the host of an HTTP request from a connection's first bytes, as the client says it: of an
 * absolute target, else of the Host header.
 *
 * @returns `""` when they are no HTTP, or name no host; `incomplete` when more bytes are needed;
 * `invalid` when two hosts are named or the head is beyond measure
 */
export function readRequestHost(
  bytes: Buffer,
): { readonly host: string } | "incomplete" | "invalid" {
  const text = bytes.toString("latin1", 0, limitBytes);
  if (!requestStart.test(text)) return { host: "" };
  const end = text.indexOf(headEnd);
  if (end < 0) return bytes.length > limitBytes ? "invalid" : "incomplete";
  const [requestLine = "", ...lines] = text.slice(0, end).split("\r\n");
  const absolute = /^\S+ https?:\/\/(?:[^/?#\s]*@)?([^/?#\s]+)/i.exec(requestLine)?.[1];
  const hosts = lines.flatMap((line) => /^host[ \t]*:[ \t]*(.*?)[ \t]*$/is.exec(line)?.[1] ?? []);
  return hosts.length > 1 ? "invalid" : { host: absolute ?? hosts[0] ?? "" };
}
