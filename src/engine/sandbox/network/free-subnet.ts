import { networkInterfaces } from "node:os";

/** An IPv4 network of 4,096 addresses: a /30 each for 1,024 pods. */
export interface Subnet {
  /** The first address as a number. */
  readonly first: number;
  /** In CIDR notation. */
  readonly cidr: string;
}

/** The two ends of a pod's link. */
export interface LinkAddresses {
  readonly gateway: string;
  readonly pod: string;
}

const prefixBits = 20;
const sizeAddresses = 2 ** (32 - prefixBits);
const candidateCount = 512;
const firstCandidate = (10 << 24) | (208 << 16);

/**
 * Picks a network that no address of the host is in. Engines start at different places, so that two
 * that start at once hardly ever pick the same.
 */
export function findFreeSubnet(seed: number, taken: readonly string[] = hostAddresses()): Subnet {
  const used = new Set(taken.map((address) => Math.floor(toNumber(address) / sizeAddresses)));
  for (let step = 0; step < candidateCount; step += 1) {
    const first = firstCandidate + ((seed + step) % candidateCount) * sizeAddresses;
    if (!used.has(Math.floor(first / sizeAddresses)))
      return { first, cidr: `${toAddress(first)}/${prefixBits}` };
  }
  throw new RangeError("no free IPv4 network between 10.208.0.0 and 10.239.255.255");
}

/** The addresses of a pod's link. */
export function linkAddresses(subnet: Subnet, index: number): LinkAddresses {
  const base = subnet.first + (index % (sizeAddresses / 4)) * 4;
  return { gateway: toAddress(base + 1), pod: toAddress(base + 2) };
}

function hostAddresses(): readonly string[] {
  return Object.values(networkInterfaces())
    .flatMap((addresses) => addresses ?? [])
    .filter(({ family }) => family === "IPv4")
    .map(({ address }) => address);
}

function toNumber(address: string): number {
  return address.split(".").reduce((sum, part) => sum * 256 + Number(part), 0);
}

function toAddress(value: number): string {
  return [24, 16, 8, 0].map((shift) => (value >>> shift) & 255).join(".");
}
