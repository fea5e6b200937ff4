import { describe, expect, it } from "vitest";
import { cases } from "../contract/cases.ts";
import { observeSimulated } from "../contract/simulated/observe-simulated.ts";

const SEEDS = [1, 2, 3];

describe("The contract with the runtime, in the simulation", () => {
  it.each(cases.map((each) => [each.title, each] as const))("%s", async (_title, each) => {
    for (const seed of SEEDS) expect(await observeSimulated(each, seed)).toEqual(each.expected);
  });

  it("has no two claims of one title", () => {
    expect(new Set(cases.map(({ title }) => title)).size).toBe(cases.length);
  });
});
