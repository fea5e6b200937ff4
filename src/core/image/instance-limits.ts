// What Cloudflare gives a container, as its page "Limits and Instance Types" had it in November
// 2026. A bound on the disk for each GiB of memory stood there before, and stands there no more.
// The disk is counted in MB of 1000 × 1000 bytes, as wrangler counts it.

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

/** The disk of each named instance type, in MB; an image has to fit on it. */
export const INSTANCE_DISK_MB: Readonly<Record<(typeof INSTANCE_TYPES)[number], number>> = {
  lite: 2_000,
  basic: 4_000,
  "standard-1": 8_000,
  "standard-2": 12_000,
  "standard-3": 16_000,
  "standard-4": 20_000,
};

/** What all images of an account may come to, in MB. */
export const ACCOUNT_IMAGES_MB = 50_000;
