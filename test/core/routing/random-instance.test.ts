import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { randomInstance } from "../../../src/core/routing/random-instance.ts";

describe("randomInstance()", () => {
  it.each([
    [1, 0.99, "instance-0"],
    [3, 0, "instance-0"],
    [3, 0.34, "instance-1"],
    [3, 0.999_999, "instance-2"],
  ])("of %i at %d is %s", (count, random, name) => {
    expect(randomInstance(count, random)).toBe(name);
  });

  it("names one of the instances, whatever the chance", () => {
    const chance = fc.double({ min: 0, max: 1, maxExcluded: true, noNaN: true });
    fc.assert(
      fc.property(fc.integer({ min: 1, max: 1_000_000 }), chance, (count, random) => {
        const index = Number(randomInstance(count, random).slice("instance-".length));
        expect(Number.isInteger(index) && index >= 0 && index < count).toBe(true);
      }),
    );
  });

  it.each([0, -1, 1.5, NaN, Infinity])("rejects %d instances", (count) => {
    expect(() => randomInstance(count, 0)).toThrow(
      `[INVALID_ARGUMENT] Cannot choose a container: the number of instances is ${count}; use an integer from 1 up`,
    );
  });
});
