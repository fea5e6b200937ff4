import { expect } from "vitest";
import { createWorld } from "../../../src/testing.ts";
import { answer, appClass, boxOf, scenario, sent, type Box } from "./scenario.ts";

const INTERNET = (request: Request): Response =>
  new Response(`internet ${new URL(request.url).host}`);

/** A handler that says which one it is. */
const handler = (name: string) => (): Response => new Response(name);

/** Starts the container, whatever it is answered. */
async function started(box: Box): Promise<Box> {
  await answer(box.fetch("/"));
  expect(box.container.running).toBe(true);
  return box;
}

export const EGRESS = [
  scenario(54, "a denied host is refused in every spelling, over HTTPS, too", async (subject) => {
    const options = { internet: INTERNET };
    const box = await started(
      await boxOf(subject, { fields: { deniedHosts: ["Evil.com"] }, options }),
    );
    const spellings = ["http://evil.com/", "http://EVIL.com./", "https://evil.com/"];
    for (const url of spellings) expect((await sent(box, url))[0]).toBe(520);
    expect(await sent(box, "http://good.com/")).toEqual([200, "internet good.com"]);
  }),

  scenario(55, "a handler of one port is not that of another", async (subject) => {
    const statics = { outboundByHost: { "10.0.0.5:8080": handler("mine") } };
    const options = { internet: INTERNET };
    const box = await started(await boxOf(subject, { statics, options }));
    expect(await sent(box, "http://10.0.0.5:8080/")).toEqual([200, "mine"]);
    expect(await sent(box, "http://10.0.0.5:9090/")).toEqual([200, "internet 10.0.0.5:9090"]);
  }),

  scenario(56, "an empty list of allowed hosts allows none, by any protocol", async (subject) => {
    const options = { internet: INTERNET };
    const box = await started(await boxOf(subject, { fields: { allowedHosts: [] }, options }));
    expect((await sent(box, "http://example.com/"))[0]).toBe(520);
    expect((await sent(box, "https://example.com/"))[0]).toBe(520);
    expect(box.container.starts[0]?.enableInternet).toBe(false);
  }),

  scenario(
    57,
    "classes of equal names have handlers of their own, and subclasses inherit them",
    async (subject) => {
      const classOf = (name: string): ReturnType<typeof appClass> =>
        appClass(subject, { className: "t", statics: { outbound: handler(name) } });
      const classes = { First: classOf("first"), Second: classOf("second") };
      class Derived extends classes.First {}
      await using world = createWorld({ internet: INTERNET, patience: "2h" });
      const answers: string[] = [];
      for (const [exportName, App] of Object.entries({ ...classes, Derived })) {
        const exports = { ContainerProxy: subject.ContainerProxy };
        const box = world.namespace(App, { exportName, exports }).instance("a");
        await started(box);
        answers.push((await sent(box, "http://example.com/"))[1]);
      }
      expect(answers).toEqual(["first", "second", "first"]);
    },
  ),

  scenario(
    58,
    "a Worker without the entrypoint is told before anything is started",
    async (subject) => {
      const statics = { outbound: handler("mine") };
      const box = await boxOf(subject, { statics, options: { exports: {} } });
      const outcome = await box.call("getState").then(
        () => box.callsOf("onError").map(([error]) => String(error)),
        (error: unknown) => [String(error)],
      );
      expect(outcome.join("\n")).toMatch(/export .*ContainerProxy/);
      expect((await answer(box.fetch("/")))[0]).toBeGreaterThanOrEqual(500);
      expect(box.starts).toBe(0);
    },
  ),

  scenario(
    59,
    "rules for HTTPS are refused whole on a runtime that cannot intercept it",
    async (subject) => {
      const fields = { deniedHosts: ["evil.com"], interceptHttps: true };
      const box = await boxOf(subject, { fields });
      Object.defineProperty(box.container, "interceptOutboundHttps", { value: undefined });
      const [status] = await answer(box.fetch("/")).catch((error: unknown) => [0, String(error)]);
      expect([0, 500]).toContain(status);
      expect(box.starts).toBe(0);
      expect(box.container.egress.addresses).toEqual([]);
    },
  ),
];
