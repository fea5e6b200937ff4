import { startEngine, type Engine } from "@berth/containers/engine";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { createTestHarness, type TestHarness } from "wrangler";

describe("a Worker with containers", () => {
  let engine: Engine;
  let harness: TestHarness;

  beforeAll(async () => {
    engine = await startEngine();
    Object.assign(process.env, engine.env); // by which wrangler finds the engine
    harness = createTestHarness({
      workers: [{ configPath: new URL("wrangler.jsonc", import.meta.url).pathname }],
    });
    await harness.listen();
  }, 60_000);

  afterAll(async () => {
    await harness.close();
    await engine[Symbol.asyncDispose]();
  });

  it("gives each session an instance of its own", async () => {
    const ask = async (session: string): Promise<unknown> => {
      const response = await harness.fetch("/", { headers: { "session-id": session } });
      return response.json();
    };
    const alice = await ask("alice");
    const bob = await ask("bob");
    expect(alice).toHaveProperty("instance");
    expect(bob).not.toHaveProperty("instance", Reflect.get(Object(alice), "instance"));
  }, 60_000);
});
