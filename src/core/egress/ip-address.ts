/** An address as its bytes: 4 for IPv4, 16 for IPv6. */
export type IpAddress = readonly number[];

/** The bytes that an IPv6 address has before the IPv4 address it stands for. */
const MAPPED = [0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0xff, 0xff];

/**
 * Reads an IPv4 or IPv6 address, the latter without brackets. An IPv4 address in IPv6 clothes
 * (`::ffff:10.0.0.1`) is the IPv4 address.
 *
 * @returns its bytes, or undefined when the text is none
 */
export function parseIpAddress(text: string): IpAddress | undefined {
  const address = text.includes(":") ? parseIpv6(text) : parseIpv4(text);
  const isMapped = address?.length === 16 && MAPPED.every((byte, index) => byte === address[index]);
  return isMapped ? address.slice(12) : address;
}

/** Whether two addresses of one kind agree in their first bits. */
export function isInNetwork(address: IpAddress, network: IpAddress, prefixBits: number): boolean {
  if (address.length !== network.length) return false;
  return network.every((byte, index) => {
    const bits = Math.min(8, Math.max(0, prefixBits - index * 8));
    const mask = (0xff << (8 - bits)) & 0xff;
    return (byte & mask) === ((address[index] ?? 0) & mask);
  });
}

function parseIpv4(text: string): IpAddress | undefined {
  const parts = text.split(".");
  if (parts.length !== 4 || !parts.every((part) => /^(?:0|[1-9]\d{0,2})$/.test(part))) return;
  const bytes = parts.map(Number);
  return bytes.every((byte) => byte <= 255) ? bytes : undefined;
}

/** The platform's own parser says what is one, and writes it in one way: groups of hex digits. */
function parseIpv6(text: string): IpAddress | undefined {
  const url = `http://[${text}]`;
  if (!URL.canParse(url)) return undefined;
  const written = new URL(url).hostname.slice(1, -1);
  const [head = [], tail = []] = written.split("::").map((half) => bytesOf(half));
  return [...head, ...Array.from({ length: 16 - head.length - tail.length }, () => 0), ...tail];
}

function bytesOf(groups: string): readonly number[] {
  if (groups === "") return [];
  return groups.split(":").flatMap((group) => {
    const value = Number.parseInt(group, 16);
    return [value >> 8, value & 0xff];
  });
}
