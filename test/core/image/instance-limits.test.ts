import { describe, expect, it } from "vitest";
import {
  INSTANCE_DISK_MB,
  INSTANCE_TYPES,
  SIZE_LIMITS,
} from "../../../src/core/image/instance-limits.ts";

describe("INSTANCE_DISK_MB", () => {
  it("grows from type to type, up to the most for a size of one's own", () => {
    const disks = INSTANCE_TYPES.map((type) => INSTANCE_DISK_MB[type]);
    expect(disks).toEqual([2_000, 4_000, 8_000, 12_000, 16_000, 20_000]);
    expect(disks.at(-1)).toBe(SIZE_LIMITS.maxDiskMb);
  });
});
