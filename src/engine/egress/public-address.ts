import { BlockList, isIPv6 } from "node:net";
import { networkInterfaces } from "node:os";

const closed = new BlockList();
for (const [network, prefixBits] of [
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
] as const)
  closed.addSubnet(network, prefixBits, "ipv4");
// Only what is assigned for the internet, and of that neither tunnels to IPv4 nor documentation.
for (const [network, prefixBits] of [
  ["::", 3],
  ["4000::", 2],
  ["8000::", 1],
  ["2001::", 32],
  ["2001:db8::", 32],
  ["2002::", 16],
] as const)
  closed.addSubnet(network, prefixBits, "ipv6");

/**
 * Whether an address is one of the internet: not private, loopback, link-local or a cloud's metadata
 * service, and none that this host itself has.
 */
export function isPublicAddress(
  address: string,
  own: readonly string[] = hostAddresses(),
): boolean {
  const family = isIPv6(address) ? "ipv6" : "ipv4";
  return !closed.check(address, family) && !own.includes(address);
}

function hostAddresses(): readonly string[] {
  return Object.values(networkInterfaces())
    .flatMap((addresses) => addresses ?? [])
    .map(({ address }) => address);
}
