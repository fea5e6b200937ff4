import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { loadCases } from "../contract/workerd/load-cases.ts";
import { startContractWorkerd, type ContractWorkerd } from "../contract/workerd/start-workerd.ts";
import { skipWithoutNamespaces } from "./obstacle.ts";

const TIMEOUT_MS = 120_000;

skipWithoutNamespaces();
const cases = await loadCases();
const titlesOf = (isWanted: (phases: number) => boolean): readonly string[] =>
  cases.filter(({ phases }) => isWanted(phases.length)).map(({ title }) => title);
const expectedOf = (title: string): readonly unknown[] =>
  cases.find((each) => each.title === title)?.expected ?? [];

// Side by side: each has an object of its own, and many do nothing but wait.
describe("The contract with the runtime, on workerd and the embedded engine", () => {
  let workerd: ContractWorkerd;
  beforeAll(async () => {
    workerd = await startContractWorkerd();
  }, TIMEOUT_MS);
  afterAll(() => workerd[Symbol.asyncDispose](), TIMEOUT_MS);

  it.concurrent.for(titlesOf((phases) => phases === 1))(
    "%s",
    { timeout: TIMEOUT_MS },
    async (title, context) => {
      context.expect([await workerd.observe(title, 0)]).toEqual(expectedOf(title));
    },
  );

  it.each(titlesOf((phases) => phases > 1))(
    "%s",
    async (title) => {
      const seen: unknown[] = [];
      for (const phase of expectedOf(title).keys()) {
        if (phase > 0) await workerd.restart();
        seen.push(await workerd.observe(title, phase));
      }
      expect(seen).toEqual(expectedOf(title));
    },
    TIMEOUT_MS,
  );
});
