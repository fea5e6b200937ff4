import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";
import { Container, ContainerProxy } from "../../src/index.ts";
import { SCENARIOS } from "./scenarios/all.ts";
import type { Subject } from "./scenarios/scenario.ts";

const OURS: Subject = { name: "berth", Container, ContainerProxy };

beforeEach(() => {
  vi.spyOn(console, "error").mockReturnValue(undefined);
});
afterEach(() => {
  vi.restoreAllMocks();
});

describe("Scenarios that break the peer", () => {
  it("are all there, but for the one of pools", () => {
    const numbers = Array.from({ length: 64 }, (_, index) => index + 1);
    const expected = numbers.filter((number) => number !== 60);
    expect(SCENARIOS.map(({ number }) => number)).toEqual(expected);
  });

  it.each(SCENARIOS.map((scenario) => [scenario.number, scenario.title, scenario] as const))(
    "%i: %s",
    async (_number, _title, scenario) => {
      expect.hasAssertions();
      await scenario.run(OURS);
    },
  );
});
