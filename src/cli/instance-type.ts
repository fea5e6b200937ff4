import { INSTANCE_DISK_MB } from "../core/image/instance-limits.ts";

/** What one instance may use. */
export interface InstanceSize {
  readonly memoryBytes: number;
  readonly vcpu: number;
  /** What its image has to fit on. */
  readonly diskBytes: number;
}

const MIB = 1024 * 1024;
const MB = 1000 * 1000;
const size = (vcpu: number, memoryMib: number, diskMb: number): InstanceSize => ({
  vcpu,
  memoryBytes: memoryMib * MIB,
  diskBytes: diskMb * MB,
});

/** @see https://developers.cloudflare.com/containers/platform/limits/ (as of November 2026) */
const instanceTypes: ReadonlyMap<string, InstanceSize> = new Map([
  ["lite", size(1 / 16, 256, INSTANCE_DISK_MB.lite)],
  ["dev", size(1 / 16, 256, INSTANCE_DISK_MB.lite)], // the former name of lite
  ["basic", size(1 / 4, 1024, INSTANCE_DISK_MB.basic)],
  ["standard", size(1 / 2, 4096, INSTANCE_DISK_MB["standard-1"])], // the former name of standard-1
  ["standard-1", size(1 / 2, 4096, INSTANCE_DISK_MB["standard-1"])],
  ["standard-2", size(1, 6144, INSTANCE_DISK_MB["standard-2"])],
  ["standard-3", size(2, 8192, INSTANCE_DISK_MB["standard-3"])],
  ["standard-4", size(4, 12_288, INSTANCE_DISK_MB["standard-4"])],
]);
const DEFAULT_TYPE = "lite";

/**
 * Reads `instance_type` of a wrangler configuration: a name, or `{ vcpu, memory_mib, disk_mb }`.
 *
 * @param value as it stands there; undefined is "lite"
 * @returns undefined for a type that is not known: wrangler refuses it, or is newer than this table
 */
export function instanceSize(value: unknown): InstanceSize | undefined {
  if (typeof value === "string") return instanceTypes.get(value);
  const standard = instanceTypes.get(DEFAULT_TYPE);
  if (typeof value !== "object" || value === null || standard === undefined) return standard;
  const memoryMib = numberOf(value, "memory_mib");
  const diskMb = numberOf(value, "disk_mb");
  return {
    memoryBytes: memoryMib === undefined ? standard.memoryBytes : memoryMib * MIB,
    vcpu: numberOf(value, "vcpu") ?? standard.vcpu,
    diskBytes: diskMb === undefined ? standard.diskBytes : diskMb * MB,
  };
}

function numberOf(value: object, key: string): number | undefined {
  const field: unknown = Reflect.get(value, key);
  return typeof field === "number" ? field : undefined;
}
