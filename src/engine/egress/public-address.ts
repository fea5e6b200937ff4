import { BlockList, isIPv6 } from "node:net";
import { networkInterfaces } from "node:os";

const closed4 = makeList("ipv4", [
  ["0.0.0.0", 8],
  ["10.0.0.0", 8],
  ["100.64.0.0", 10],
  ["127.0.0.0", 8],
  ["169.254.0.0", 16],
  ["172.16.0.0", 12],
  ["192.0.0.0", 24],
  ["192.0.2.0", 24],
  ["192.168.0.0", 16],
  ["224.0.0.0", 3],
]);
// Only what is assigned for the internet, and of that neither tunnels to IPv4 nor documentation.
// A list apart: in the first eighth lie the IPv4 addresses too.
const closed6 = makeList("ipv6", [
  ["::", 3],
  ["4000::", 2],
  ["8000::", 1],
  ["2001::", 32],
  ["2001:db8::", 32],
  ["2002::", 16],
]);

/**
 * Whether an address is one of the internet: not private, loopback, link-local or a cloud's metadata
 * service, and none that this host itself has.
 */
export function isPublicAddress(
  address: string,
  own: readonly string[] = hostAddresses(),
): boolean {
  const isClosed = isIPv6(address) ? closed6.check(address, "ipv6") : closed4.check(address);
  return !isClosed && !own.includes(address);
}

function makeList(
  family: "ipv4" | "ipv6",
  networks: readonly (readonly [network: string, prefixBits: number])[],
): BlockList {
  const list = new BlockList();
  for (const [network, prefixBits] of networks) list.addSubnet(network, prefixBits, family);
  return list;
}

function hostAddresses(): readonly string[] {
  return Object.values(networkInterfaces())
    .flatMap((addresses) => addresses ?? [])
    .map(({ address }) => address);
}
