import { readFileSync } from "node:fs";

/** One end of a TCP connection. */
export interface Endpoint {
  /** An IPv4 address, or an IPv6 address in hexadecimal groups. */
  readonly address: string;
  readonly port: number;
}

/**
 * Finds where an intercepted connection was meant to go. The kernel's translation of addresses is
 * unseen by the socket that connects, so the table of sockets of its network namespace tells.
 *
 * @param helperPid a process of the namespace
 * @param client the connection's end at the app, as the interceptor sees it
 * @param listener the interceptor's own end
 * @returns `undefined` when the app's socket is gone, or shares its address with another
 */
export function findDestination(
  helperPid: number,
  client: Endpoint,
  listener: Endpoint,
): Endpoint | undefined {
  const found = ["tcp", "tcp6"]
    .flatMap((name) => remotesOf(readTable(helperPid, name), client))
    .filter((remote) => !isSame(remote, listener));
  return found.length === 1 ? found[0] : undefined;
}

/** Without waiting: the kernel writes it while it is read, in less time than a turn takes. */
function readTable(helperPid: number, name: string): string {
  try {
    return readFileSync(`/proc/${helperPid}/net/${name}`, "latin1");
  } catch {
    return ""; // The pod is gone, or the kernel has no IPv6.
  }
}

/**
 * Reads a table of sockets, and of those with some local end gives the remote ends, each once: the
 * kernel writes a socket twice when others come while the table is read.
 */
export function remotesOf(table: string, local: Endpoint): readonly Endpoint[] {
  const remotes = [
    ...table.matchAll(/^ *\d+: ([\dA-F]+:[\dA-F]{4}) ([\dA-F]+:[\dA-F]{4}) (\d\d)/gm),
  ].flatMap(([, from = "", to = "", state]) => {
    const isOpen = openStates.has(state ?? "") && isSame(parseEndpoint(from), local);
    return isOpen ? [to] : [];
  });
  return [...new Set(remotes)].map(parseEndpoint);
}

// Established, or the app has sent its last already.
const openStates: ReadonlySet<string> = new Set(["01", "04", "05", "08"]);

function isSame(one: Endpoint, other: Endpoint): boolean {
  return one.port === other.port && one.address === other.address;
}

/** Addresses are written as 32-bit words in the byte order of the machine. */
function parseEndpoint(text: string): Endpoint {
  const [words = "", port = ""] = text.split(":");
  const bytes = (words.match(/.{8}/g) ?? []).flatMap((word) => {
    const view = Buffer.from(word, "hex");
    return [...(isLittleEndian ? view.reverse() : view)];
  });
  return { address: formatAddress(bytes), port: Number.parseInt(port, 16) };
}

const isLittleEndian = new Uint8Array(new Uint16Array([1]).buffer)[0] === 1;

function formatAddress(bytes: readonly number[]): string {
  if (bytes.length === 4) return bytes.join(".");
  const isMapped = bytes.slice(0, 10).every((byte) => byte === 0) && bytes[10] === 0xff;
  if (isMapped) return bytes.slice(12).join(".");
  const groups = bytes.flatMap((byte, index) =>
    index % 2 === 0 ? [((byte << 8) | (bytes[index + 1] ?? 0)).toString(16)] : [],
  );
  return new URL(`http://[${groups.join(":")}]`).hostname.slice(1, -1);
}
