import { ContainerError } from "../../errors/container-error.ts";
import { shown } from "../../errors/shown.ts";
import { INSTANCE_TYPES, SIZE_LIMITS } from "./instance-limits.ts";

/** The size of a container: the name of one of Cloudflare's instance types, or one's own. */
export type InstanceSize = (typeof INSTANCE_TYPES)[number] | CustomSize;

/** A size of one's own. */
export interface CustomSize {
  /** Processors: 1 to 4. */
  readonly vcpu: number;
  /** Memory in MiB: 3072 for each processor at least, 12288 at most. */
  readonly memoryMib: number;
  /** Disk in MB: 20000 at most. */
  readonly diskMb: number;
}

/**
 * Checks the size of a container against what Cloudflare gives.
 *
 * @throws {ContainerError} `INVALID_INSTANCE`, with the limit that is broken and what would do
 */
export function parseInstanceSize(size: unknown): InstanceSize {
  if (isNamed(size)) return size;
  if (typeof size !== "object" || size === null) {
    throw invalid(`${shown(size)} is no instance type`, `use one of ${INSTANCE_TYPES.join(", ")}`);
  }
  const vcpu = numberOf(size, "vcpu");
  const memoryMib = numberOf(size, "memoryMib");
  const diskMb = numberOf(size, "diskMb");
  const { minVcpu, maxVcpu, minMemoryMibPerVcpu, maxMemoryMib, maxDiskMb } = SIZE_LIMITS;
  check("vcpu", vcpu, { least: minVcpu, most: maxVcpu, instead: '"lite" or "basic" for less' });
  check("memoryMib", memoryMib, {
    least: vcpu * minMemoryMibPerVcpu,
    most: maxMemoryMib,
    instead: `${minMemoryMibPerVcpu} for each vcpu at least`,
  });
  check("diskMb", diskMb, { least: 1, most: maxDiskMb, instead: "MB, not MiB or GB" });
  return { vcpu, memoryMib, diskMb };
}

function isNamed(size: unknown): size is (typeof INSTANCE_TYPES)[number] {
  return INSTANCE_TYPES.some((name) => name === size);
}

function numberOf(size: object, key: keyof CustomSize): number {
  const value: unknown = Reflect.get(size, key);
  if (typeof value === "number") return value;
  throw invalid(`${key} is ${shown(value)}`, "give vcpu, memoryMib and diskMb as numbers");
}

interface Bounds {
  readonly least: number;
  readonly most: number;
  readonly instead: string;
}

function check(key: keyof CustomSize, value: number, { least, most, instead }: Bounds): void {
  if (value >= least && value <= most) return;
  throw invalid(`${key} is ${value}`, `use ${least} to ${most} (${instead})`);
}

function invalid(found: string, fix: string): ContainerError {
  return new ContainerError("INVALID_INSTANCE", `Cannot use this instance size: ${found}; ${fix}`);
}
