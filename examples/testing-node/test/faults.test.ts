import { createWorld, simulate } from "@berth/containers/testing";
import { expect, it } from "vitest";
import worker, { Session } from "../src/index.ts";

it("has a request served although the container dies under it", async () => {
  let isSlow = true;
  await using box = await simulate(Session, {
    app: async (request) => {
      if (isSlow && request.url.endsWith("/report")) await new Promise(() => {});
      return new Response("done");
    },
    ports: [4000],
  });
  const response = box.fetch("/report"); // begun; it goes on while a test waits for something
  await box.advance("2s");
  isSlow = false;
  box.crash({ exitCode: 137 });
  expect(await (await response).text()).toBe("done");
  expect(box.callsOf("onStop")).toMatchObject([[{ runId: 1, cause: "exit", exitCode: 137 }]]);
});

it.each([1, 2, 3, 4, 5])("survives evictions and deploys, by seed %i", async (seed) => {
  await using box = await simulate(Session, { app: () => new Response("hi"), ports: [4000], seed });
  for (let turn = 0; turn < 5; turn += 1) {
    expect((await box.fetch("/")).status).toBe(200);
    if (turn % 2 === 0) box.evict();
    else box.deploy();
  }
  expect(box.starts).toBe(1);
});

it("gives each session a container of its own, through the Worker itself", async () => {
  await using world = createWorld();
  const sessions = world.namespace(Session, {
    app: (request) => new Response(`hello ${request.headers.get("session-id")}`),
    ports: [4000],
  });
  const ask = (id: string): PromiseLike<Response> =>
    world.run(async () => {
      const request = new Request("http://app/", { headers: { "session-id": id } });
      return await Reflect.apply(worker.fetch, worker, [request, { SESSION: sessions.binding }]);
    });
  expect(await (await ask("ada")).text()).toBe("hello ada");
  expect(await (await ask("bob")).text()).toBe("hello bob");
  expect([sessions.instance("ada").starts, sessions.instance("bob").starts]).toEqual([1, 1]);
});
