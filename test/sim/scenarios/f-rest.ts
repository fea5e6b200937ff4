import { expect } from "vitest";
import { simulate } from "../../../src/testing.ts";
import { answer, boxOf, scenario } from "./scenario.ts";

export const REST = [
  scenario(61, "stop('SIGQUIT') sends 3 or is refused, and never undefined", async (subject) => {
    const box = await boxOf(subject);
    await answer(box.fetch("/"));
    const outcome = await box.call("stop", "SIGQUIT").then(
      () => "sent",
      (error: unknown) => String(error),
    );
    if (outcome === "sent") expect(box.container.signals).toEqual([3]);
    else expect(outcome).toMatch(/SIGQUIT/);
  }),

  scenario(
    62,
    "environment of the constructor's options and of a field are both there",
    async (subject) => {
      class App extends subject.Container {
        constructor(ctx: DurableObjectState, env: never) {
          super(ctx, env, { envVars: { A: "option", B: "option" } });
          Object.assign(this, { defaultPort: 8080, envVars: { B: "field" } });
        }
      }
      const box = await simulate(App, { app: () => new Response("hi") });
      await answer(box.fetch("/"));
      expect(box.container.starts[0]?.env).toMatchObject({ A: "option", B: "field" });
    },
  ),

  scenario(
    63,
    "five quiet minutes within sleepAfter: the container runs, the object sleeps",
    async (subject) => {
      const box = await boxOf(subject, { fields: { sleepAfter: "30m" } });
      await answer(box.fetch("/"));
      const before = box.bill().objectMs;
      await box.advance("5m");
      expect(box.container.running).toBe(true);
      expect(box.bill().objectMs - before).toBeLessThanOrEqual(15_000);
    },
  ),

  scenario(
    64,
    "an alarm that was lost is set again by the next object, and its deadline evaluated",
    async (subject) => {
      const box = await boxOf(subject, { fields: { sleepAfter: "10m" } });
      await answer(box.fetch("/"));
      box.inject({ kind: "alarm-lost" });
      await box.advance("10m");
      box.evict();
      await box.advance("30s");
      await box.call("getState");
      await box.advance("2m");
      expect(box.container.running).toBe(false);
      expect(box.callsOf("onStop")).toHaveLength(1);
    },
  ),
];
