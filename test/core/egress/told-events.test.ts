import { describe, expect, it } from "vitest";
import { ToldEvents } from "../../../src/core/egress/told-events.ts";

describe("ToldEvents", () => {
  it("tells ten of a kind within a second, and then how many it left out", () => {
    const told = new ToldEvents();
    const taken = Array.from({ length: 10_000 }, () => told.take("a", 5_000));
    expect(taken.filter((one) => one !== undefined)).toEqual(Array.from({ length: 10 }, () => 0));
    expect(told.take("b", 5_000)).toBe(0);
    expect(told.take("a", 5_999)).toBeUndefined();
    expect(told.take("a", 6_000)).toBe(9_991);
    expect(told.take("a", 6_000)).toBe(0);
  });

  it("tells on when the clock was set back", () => {
    const told = new ToldEvents();
    for (let index = 0; index < 11; index += 1) told.take("a", 5_000);
    expect(told.take("a", 1_000)).toBe(1);
  });

  it("keeps no more than a thousand kinds", () => {
    const told = new ToldEvents();
    for (let index = 0; index < 11; index += 1) told.take("first", 0);
    for (let kind = 0; kind < 999; kind += 1) told.take(`kind ${kind}`, 0);
    expect(told.take("first", 0)).toBeUndefined();
    told.take("one more", 0);
    expect(told.take("first", 0)).toBe(0);
  });
});
