import { env, runInDurableObject } from "cloudflare:test";
import { describe, expect, it } from "vitest";
import { Container } from "../../src/index.ts";
import { simulate, type SimulationOptions } from "../../src/testing.ts";
import type { SimulatedInstance } from "../../src/testing.ts";

class App extends Container {
  override defaultPort = 8080;
  readonly ticks: unknown[] = [];

  async tick(payload: unknown): Promise<void> {
    this.ticks.push(payload);
  }
}

/** Simulates on the state of a real object: its SQLite, and what workerd takes for genuine. */
async function onState(
  options: SimulationOptions,
  work: (box: SimulatedInstance<App>) => Promise<void>,
): Promise<void> {
  const stub = env.BOX.get(env.BOX.newUniqueId());
  await runInDurableObject(stub, async (_object, ctx) => {
    const box = await simulate(App, { ...options, ctx });
    try {
      await work(box);
    } finally {
      box.close();
    }
  });
}

describe("simulate() in workerd", () => {
  it("runs a class through a cold start, an eviction and an idle stop", async () => {
    await onState({ app: () => new Response("hi"), bootMs: 800 }, async (box) => {
      const response = await box.fetch("/a");
      expect([response.status, await response.text()]).toEqual([200, "hi"]);
      await box.advance("5m");
      expect([box.object, box.container.running]).toEqual([undefined, true]);
      await box.advance("6m");
      expect(box.container.running).toBe(false);
      expect(box.hooks.map(({ hook }) => hook)).toEqual(["onStart", "onActivityExpired", "onStop"]);
    });
  });

  it("keeps tasks in the real object's SQLite", async () => {
    await onState({}, async (box) => {
      await box.call("schedule", 3_600, "tick", "tock");
      expect(await box.call("listSchedules", "tick")).toHaveLength(1);
      await box.advance("61m");
      expect(await box.call("listSchedules", "tick")).toEqual([]);
    });
  });

  it("gives the same trace for the same seed", async () => {
    const traces: string[] = [];
    for (let turn = 0; turn < 2; turn += 1) {
      await onState({ seed: 7, bootMs: 300 }, async (box) => {
        await (await box.fetch("/")).text();
        box.crash();
        await (await box.fetch("/")).text();
        await box.advance("1h");
        traces.push(box.world.trace.toString());
      });
    }
    expect(traces[0]).toBe(traces[1]);
    expect(traces[0]).toContain("hook onStop");
  });
});
