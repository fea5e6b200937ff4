import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { INSTANCE_TYPES, SIZE_LIMITS } from "../../../src/core/image/instance-limits.ts";
import { parseInstanceSize } from "../../../src/core/image/instance-size.ts";

const SIZE = { vcpu: 1, memoryMib: 4_096, diskMb: 8_000 };

describe("parseInstanceSize()", () => {
  it.each(INSTANCE_TYPES)("takes the type %s", (name) => {
    expect(parseInstanceSize(name)).toBe(name);
  });

  it.each([
    SIZE,
    { vcpu: 4, memoryMib: 12_288, diskMb: 20_000 },
    { vcpu: 1, memoryMib: 3_072, diskMb: 1 },
    { vcpu: 1.5, memoryMib: 4_608, diskMb: 20_000 },
  ])("takes $vcpu vcpu, $memoryMib MiB, $diskMb MB", (size) => {
    expect(parseInstanceSize(size)).toEqual(size);
  });

  it.each([
    ["giant", '"giant" is no instance type; use one of lite, basic, standard-1'],
    [undefined, "undefined is no instance type; use one of lite, basic"],
    [null, "null is no instance type; use one of lite, basic"],
    [7, "7 is no instance type; use one of lite, basic"],
    [{}, "vcpu is undefined; give vcpu, memoryMib and diskMb as numbers"],
    [{ ...SIZE, memoryMib: "4096" }, 'memoryMib is "4096"; give vcpu, memoryMib and diskMb'],
    [{ ...SIZE, vcpu: 0.25 }, 'vcpu is 0.25; use 1 to 4 ("lite" or "basic"'],
    [{ ...SIZE, vcpu: 5 }, "vcpu is 5; use 1 to 4"],
    [{ ...SIZE, vcpu: NaN }, "vcpu is NaN; use 1 to 4"],
    [{ ...SIZE, memoryMib: 3_071 }, "memoryMib is 3071; use 3072 to 12288"],
    [{ ...SIZE, vcpu: 2 }, "memoryMib is 4096; use 6144 to 12288 (3072 for each vcpu"],
    [{ ...SIZE, memoryMib: 12_289 }, "memoryMib is 12289; use 3072 to 12288"],
    [{ ...SIZE, diskMb: 20_001 }, "diskMb is 20001; use 1 to 20000 (MB"],
    [{ ...SIZE, diskMb: 0 }, "diskMb is 0; use 1 to 20000 (MB"],
  ])("refuses %j, with the limit and what would do", (size, text) => {
    expect(() => parseInstanceSize(size)).toThrow(
      expect.objectContaining({
        code: "INVALID_INSTANCE",
        message: expect.stringContaining(text) as string,
      }),
    );
  });

  it("takes exactly the sizes within every limit", () => {
    const { minVcpu, maxVcpu, minMemoryMibPerVcpu, maxMemoryMib, maxDiskMb } = SIZE_LIMITS;
    const size = fc.record({
      vcpu: fc.double({ min: 0, max: 6, noNaN: true }),
      memoryMib: fc.integer({ min: 0, max: 15_000 }),
      diskMb: fc.integer({ min: -5, max: 25_000 }),
    });
    fc.assert(
      fc.property(size, ({ vcpu, memoryMib, diskMb }) => {
        const isVcpu = vcpu >= minVcpu && vcpu <= maxVcpu;
        const isMemory = memoryMib >= vcpu * minMemoryMibPerVcpu && memoryMib <= maxMemoryMib;
        const isDisk = diskMb >= 1 && diskMb <= maxDiskMb;
        const parse = (): unknown => parseInstanceSize({ vcpu, memoryMib, diskMb });
        if (isVcpu && isMemory && isDisk) expect(parse()).toEqual({ vcpu, memoryMib, diskMb });
        else expect(parse).toThrow("INVALID_INSTANCE");
      }),
    );
  });
});
