import { isIPv4 } from "node:net";

/** The bytes of an IPv4 or IPv6 address, in the order of the network. */
export function addressBytes(address: string): Uint8Array<ArrayBuffer> {
  if (isIPv4(address)) return new Uint8Array(address.split(".").map(Number));
  const [head = [], tail = []] = address.split("::").map((part) => part.split(":").filter(Boolean));
  const zeros = Array.from({ length: 8 - head.length - tail.length }, () => "0");
  const groups = [...head, ...zeros, ...tail].map((group) => Number.parseInt(group, 16));
  return new Uint8Array(groups.flatMap((group) => [group >> 8, group & 255]));
}
