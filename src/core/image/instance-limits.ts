// What Cloudflare gives a container, as its page "Limits and Instance Types" had it in November
// 2026. A bound on the disk for each GiB of memory stood there before, and stands there no more.

/** The named instance types. */
export const INSTANCE_TYPES = [
  "lite",
  "basic",
  "standard-1",
  "standard-2",
  "standard-3",
  "standard-4",
] as const;

/** The bounds of a size of one's own. */
export const SIZE_LIMITS = {
  minVcpu: 1,
  maxVcpu: 4,
  minMemoryMibPerVcpu: 3 * 1_024,
  maxMemoryMib: 12 * 1_024,
  maxDiskMb: 20_000,
} as const;
