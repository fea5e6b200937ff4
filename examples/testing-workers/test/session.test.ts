import { FakeContainer, fakeContainers, simulate } from "@berth/containers/testing";
import { env, runInDurableObject } from "cloudflare:test";
import { expect, it } from "vitest";
import { Session } from "../src/index.ts";

fakeContainers(Session, () => new FakeContainer({ ports: [4000] })); // vitest-pool-workers leaves `containers` of wrangler.jsonc out

it("runs in workerd, on the real SQLite of the object that wrangler.jsonc declares", async () => {
  const stub = env.SESSION.getByName("test");
  await runInDurableObject(stub, async (_session, ctx) => {
    await using box = await simulate(Session, {
      ctx,
      env,
      app: () => new Response("hi"),
      ports: [4000],
      bootMs: 800,
    });
    expect(await (await box.fetch("/")).text()).toBe("hi");
    await box.advance("10m");
    expect(box.container.running).toBe(false);
    expect(box.callsOf("onStop")).toMatchObject([[{ cause: "idle" }]]);
  });
});

it("serves requests in real time, too, through the binding", async () => {
  const response = await env.SESSION.getByName("real").fetch("http://app/");
  expect(response.status).toBe(200);
});
