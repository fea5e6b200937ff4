import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";
import { Container, ContainerProxy, type EgressEvent, type EgressPolicy } from "../../src/index.ts";
import type { SimulationOptions } from "../../src/testing.ts";
import { answer, boxOf as boxFor, sent, type AppPlan, type Box } from "./scenarios/scenario.ts";

type Plan = AppPlan & { readonly options?: SimulationOptions };

const internet = async (request: Request): Promise<Response> =>
  new Response(`internet ${new URL(request.url).host}`);

/** A started instance whose Worker has an internet. */
async function boxOf({ options, ...plan }: Plan): Promise<Box> {
  const subject = { name: "berth", Container, ContainerProxy } as const;
  return await boxFor(subject, { ...plan, options: { internet, ...options } });
}

async function started(plan: Plan): Promise<Box> {
  const box = await boxOf(plan);
  expect((await answer(box.fetch("/")))[0]).toBe(200);
  return box;
}

async function refusedStart(plan: Plan): Promise<string> {
  const box = await boxOf(plan);
  const response = await box.fetch("/");
  expect(box.starts).toBe(0);
  expect(response.status).toBeGreaterThanOrEqual(500);
  const [error] = await Promise.allSettled([box.call("start")]);
  return String(error?.status === "rejected" ? error.reason : "started");
}

const text = (words: string) => (): Response => new Response(words);

beforeEach(() => {
  vi.spyOn(console, "error").mockReturnValue(undefined);
});
afterEach(() => {
  vi.restoreAllMocks();
});

describe("Outbound handlers", () => {
  it("are given the request, the environment, who sent it, and params", async () => {
    const seen: unknown[] = [];
    const record = async (request: Request, env: object, ctx: object): Promise<Response> => {
      seen.push([request.method, request.url, await request.text(), env, ctx]);
      return new Response("kept", { status: 201 });
    };
    const box = await started({
      className: "Uploader",
      statics: { outboundHandlers: { record } },
      options: { env: { BUCKET: "b" } },
    });
    await box.call("setOutboundByHost", "upload.internal", "record", { prefix: "p/" });
    const request = new Request("http://upload.internal/a", { method: "PUT", body: "bytes" });
    const response = await box.world.run(() => box.container.egress.send(request));
    expect(response.status).toBe(201);
    const { id } = box.host.plan;
    expect(seen).toEqual([
      [
        "PUT",
        "http://upload.internal/a",
        "bytes",
        { BUCKET: "b" },
        { containerId: id.toString(), className: "Uploader", params: { prefix: "p/" } },
      ],
    ]);
  });

  it("may be set on the class or as a field of it, and are inherited by key", async () => {
    class Parent extends Container {
      static override outbound = text("parent");
      static override outboundByHost = { "a.test": text("parent a"), "b.test": text("parent b") };
    }
    const box = await started({});
    Object.setPrototypeOf(box.object?.constructor ?? {}, Parent);
    Object.assign(box.object?.constructor ?? {}, { outboundByHost: { "b.test": text("own b") } });
    await box.call("stop");
    await box.advance("1m");
    await answer(box.fetch("/"));
    expect(await sent(box, "http://a.test/")).toEqual([200, "parent a"]);
    expect(await sent(box, "http://b.test/")).toEqual([200, "own b"]);
    expect(await sent(box, "http://c.test/")).toEqual([200, "parent"]);
  });

  it("are taken by the peer's other names", async () => {
    const statics = { outboundProxy: text("all"), outboundProxies: { named: text("named") } };
    const box = await started({ statics });
    expect(await sent(box, "http://a.test/")).toEqual([200, "all"]);
    await box.call("setOutboundHandler", "named");
    expect(await sent(box, "http://a.test/")).toEqual([200, "named"]);
  });

  it("leave alone what they do not name, unless a pattern has to be matched", async () => {
    const statics = { outboundByHost: { "a.test": text("mine") } };
    const narrow = await started({ statics });
    expect(narrow.container.egress.addresses).toEqual(["http://a.test"]);
    const wide = await started({ statics: { outboundByHost: { "*.test": text("mine") } } });
    expect(wide.container.egress.addresses).toEqual(["*"]);
    expect(await sent(wide, "http://b.test/")).toEqual([200, "mine"]);
    expect(await sent(wide, "http://b.example/")).toEqual([200, "internet b.example"]);
  });

  it("see HTTPS where the class says so", async () => {
    const statics = { outboundByHost: { "a.test": text("mine") } };
    const box = await started({ statics, fields: { interceptHttps: true } });
    expect(box.container.egress.addresses).toEqual(["https://a.test", "http://a.test"]);
    expect(await sent(box, "https://a.test/")).toEqual([200, "mine"]);
  });

  it("that throw are told to the log, and the container learns nothing", async () => {
    const outbound = (): Response => {
      throw new Error("secret at 10.0.0.1");
    };
    const box = await started({ statics: { outbound } });
    const [status, words] = await sent(box, "http://a.test/");
    expect(status).toBe(502);
    expect(words).not.toContain("secret");
    expect(console.error).toHaveBeenCalledWith(
      expect.stringContaining("a.test:80"),
      expect.objectContaining({ message: "secret at 10.0.0.1" }),
    );
  });

  it("that are none are refused by their name", async () => {
    const byHost = { outboundByHost: { "a.test": "handler" } };
    expect(await refusedStart({ statics: byHost })).toMatch(/INVALID_CONFIG.*outboundByHost/);
    const badHost = { outboundByHost: { "http://a.test": text("") } };
    expect(await refusedStart({ statics: badHost })).toMatch(/INVALID_CONFIG.*http:\/\/a\.test/);
    const box = await started({ statics: { outboundHandlers: { known: text("") } } });
    for (const name of ["unknown", "constructor", "__proto__"]) {
      await expect(box.call("setOutboundHandler", name)).rejects.toThrow(
        /INVALID_ARGUMENT.*"known"/,
      );
    }
  });
});

describe("Egress rules", () => {
  it("hold in the order of the peer: denied, allowed, host, all", async () => {
    const box = await started({
      fields: { allowedHosts: ["*.test"], deniedHosts: ["no.test"] },
      statics: { outbound: text("all"), outboundByHost: { "a.test": text("a") } },
    });
    const results = await Promise.all(
      ["a.test", "b.test", "no.test", "a.example"].map((host) => sent(box, `http://${host}/`)),
    );
    expect(results).toEqual([
      [200, "a"],
      [200, "all"],
      [520, "Origin is disallowed"],
      [520, "Origin is disallowed"],
    ]);
  });

  it("that deny by default leave no other way out", async () => {
    const egress: EgressPolicy = { default: "deny", rules: [{ allow: ["api.test:443"] }] };
    const box = await started({ fields: { egress, enableInternet: true } });
    expect(box.container.starts[0]).toMatchObject({ enableInternet: false });
    expect(await sent(box, "https://api.test/")).toEqual([200, "internet api.test"]);
    expect((await sent(box, "http://api.test/"))[0]).toBe(520);
    await box.call("stop");
    await box.advance("1m");
    await box.call("start", { enableInternet: true });
    expect(box.container.starts[1]).toMatchObject({ enableInternet: false });
  });

  it("are refused where HTTPS would walk past them", async () => {
    const fields = { deniedHosts: ["evil.test"], interceptHttps: false };
    expect(await refusedStart({ fields })).toMatch(/INVALID_CONFIG.*interceptHttps/);
    const box = await started({ fields: { ...fields, enableInternet: false } });
    expect((await sent(box, "https://evil.test/"))[0]).toBe(0);
  });

  it.each([
    [{ egress: { default: "block" } }, /INVALID_CONFIG.*egress\.default/],
    [{ allowedHosts: "a.test" }, /INVALID_CONFIG.*allowedHosts/],
    [{ deniedHosts: ["a.test", "http://b.test/x"] }, /INVALID_CONFIG.*deniedHosts\[1\]/],
  ])("that make no sense are refused: %j", async (fields, message) => {
    expect(await refusedStart({ fields })).toMatch(message);
  });

  it("that the runtime does not take keep the container from starting (fault 56)", async () => {
    const box = await boxOf({ fields: { deniedHosts: ["evil.test"] } });
    const install = vi
      .spyOn(box.container, "interceptAllOutboundHttp")
      .mockRejectedValue(new Error("sidecar is gone"));
    const response = await box.fetch("/");
    expect([response.status, response.headers.get("x-berth-error")]).toEqual([
      503,
      "EGRESS_FAILED",
    ]);
    expect(box.starts).toBe(0);
    install.mockRestore();
    expect((await answer(box.fetch("/")))[0]).toBe(200);
    expect((await sent(box, "http://evil.test/"))[0]).toBe(520);
  });

  it("are in force before the container starts", async () => {
    const box = await boxOf({ fields: { deniedHosts: ["evil.test"] } });
    const order: string[] = [];
    const { container } = box;
    for (const name of ["interceptOutboundHttps", "interceptAllOutboundHttp", "start"] as const) {
      const real = Reflect.get(container, name) as (...args: unknown[]) => unknown;
      vi.spyOn(container, name).mockImplementation((...args: unknown[]) => {
        order.push(name);
        return Reflect.apply(real, container, args) as Promise<void>;
      });
    }
    await answer(box.fetch("/"));
    expect(order).toEqual(["interceptOutboundHttps", "interceptAllOutboundHttp", "start"]);
  });
});

describe("Rules set at runtime", () => {
  it("hold at once, and outlive the object, the container and a deploy", async () => {
    const box = await started({});
    const isOut = async (): Promise<boolean> => (await sent(box, "http://evil.test/"))[0] === 200;
    expect(await isOut()).toBe(true);
    await box.call("setDeniedHosts", ["Evil.test."]);
    expect(await isOut()).toBe(false);
    box.evict();
    await box.call("getState");
    expect(await isOut()).toBe(false);
    await box.call("stop");
    await box.advance("1m");
    await answer(box.fetch("/"));
    expect(await isOut()).toBe(false);
    await box.call("removeDeniedHost", "EVIL.test");
    expect(await isOut()).toBe(true);
  });

  it("are those of the peer", async () => {
    const one = (_request: Request, _env: object, { params }: { params?: unknown }): Response =>
      new Response(`one ${JSON.stringify(params)}`);
    const box = await started({ statics: { outboundHandlers: { one, two: text("two") } } });
    const get = async (host: string): Promise<string> => (await sent(box, `http://${host}/`))[1];
    await box.call("setOutboundByHosts", {
      "a.test": "two",
      "b.test": { method: "one", params: 7 },
    });
    expect([await get("a.test"), await get("b.test"), await get("c.test")]).toEqual([
      "two",
      "one 7",
      "internet c.test",
    ]);
    await box.call("setOutboundHandler", "one");
    await box.call("removeOutboundByHost", "A.test");
    expect([await get("a.test"), await get("c.test")]).toEqual(["one undefined", "one undefined"]);
    await box.call("allowHost", "b.test");
    expect([await get("b.test"), (await sent(box, "http://c.test/"))[0]]).toEqual(["one 7", 520]);
    await box.call("denyHost", "b.test");
    expect((await sent(box, "http://b.test/"))[0]).toBe(520);
    await box.call("removeAllowedHost", "b.test");
    expect((await sent(box, "http://c.test/"))[0]).toBe(520);
  });

  it("that make no sense are refused, and those before still hold", async () => {
    const box = await started({ fields: { deniedHosts: ["evil.test"] } });
    await expect(box.call("setDeniedHosts", ["a b"])).rejects.toThrow(/INVALID_CONFIG/);
    await expect(box.call("allowHost", "")).rejects.toThrow(/INVALID_CONFIG/);
    expect((await sent(box, "http://evil.test/"))[0]).toBe(520);
    expect((await sent(box, "http://good.test/"))[0]).toBe(200);
  });

  it("are found where the peer left them", async () => {
    const box = await boxOf({ statics: { outboundHandlers: { mine: text("mine") } } });
    box.storage.kv.put("OUTBOUND_CONFIGURATION", {
      outboundByHostOverrides: { "a.test": { method: "mine" } },
      deniedHosts: ["evil.test"],
    });
    await answer(box.fetch("/"));
    expect(await sent(box, "http://a.test/")).toEqual([200, "mine"]);
    expect((await sent(box, "http://evil.test/"))[0]).toBe(520);
  });

  it("that cannot be installed are told to the caller", async () => {
    const box = await started({});
    vi.spyOn(box.container, "interceptAllOutboundHttp").mockRejectedValue(new Error("gone"));
    await expect(box.call("denyHost", "evil.test")).rejects.toThrow(/EGRESS_FAILED/);
  });
});

describe("static onEgress", () => {
  it("is told what became of each request", async () => {
    const events: EgressEvent[] = [];
    const box = await started({
      className: "Watched",
      fields: { deniedHosts: ["evil.test"] },
      statics: {
        outboundByHost: {
          "a.test": text("a"),
          "b.test": () => Promise.reject(new Error("broken")),
        },
        onEgress: (event: EgressEvent) => void events.push(event),
      },
    });
    for (const url of ["http://a.test/", "https://B.test./", "http://c.test:81/"]) {
      await sent(box, url);
    }
    await box.world.run(() =>
      box.container.egress.send(new Request("http://evil.test/", { method: "POST" })),
    );
    const containerId = box.host.plan.id.toString();
    const common = { containerId, className: "Watched", suppressed: 0 };
    expect(events).toEqual([
      { ...common, method: "GET", scheme: "http", host: "a.test", port: 80, outcome: "handled" },
      {
        ...common,
        method: "GET",
        scheme: "https",
        host: "b.test",
        port: 443,
        outcome: "failed",
        error: new Error("broken"),
      },
      { ...common, method: "GET", scheme: "http", host: "c.test", port: 81, outcome: "internet" },
      {
        ...common,
        method: "POST",
        scheme: "http",
        host: "evil.test",
        port: 80,
        outcome: "refused",
        reason: "denied-host",
      },
    ]);
  });

  it("bears ten thousand refusals in a second, and who asks in does not notice (fault 57)", async () => {
    const events: EgressEvent[] = [];
    const box = await started({
      fields: { egress: { default: "deny", rules: [{ allow: "slow.test" }] } },
      statics: { onEgress: (event: EgressEvent) => void events.push(event) },
      options: { internet: () => new Promise<Response>(() => {}) },
    });
    void box.container.egress.send("http://slow.test/").catch(() => {}); // hangs for ever
    const before = box.bill();
    for (let request = 0; request < 10_000; request += 1) {
      const response = await box.world.run(() => box.container.egress.send("http://evil.test/"));
      expect(response.status).toBe(520);
    }
    expect(events.length).toBe(10);
    expect((await answer(box.fetch("/")))[0]).toBe(200);
    await box.advance("1m");
    expect(box.bill().wakeUps).toBe(before.wakeUps);
    await sent(box, "http://evil.test/");
    expect(events.at(-1)?.suppressed).toBe(9_990);
    await box.advance("10m");
    expect(box.container.running).toBe(false);
  });

  it("may throw without harm", async () => {
    const onEgress = (): void => {
      throw new Error("hook");
    };
    const box = await started({ fields: { deniedHosts: ["evil.test"] }, statics: { onEgress } });
    expect((await sent(box, "http://evil.test/"))[0]).toBe(520);
    expect((await sent(box, "http://good.test/"))[0]).toBe(200);
  });
});

describe("A Worker's wiring", () => {
  it("is checked when the object is made, with the line that mends it", async () => {
    const statics = { outbound: text("mine") };
    const box = await boxOf({ statics, options: { exports: {} } });
    await box.call("getState");
    expect(String(box.callsOf("onError")[0]?.[0])).toContain(
      'export { ContainerProxy } from "@berth/containers"',
    );
    await expect(box.call("start")).rejects.toThrow(/INVALID_CONFIG.*ContainerProxy/);
    await expect(box.call("stop")).resolves.toBeUndefined();
  });

  it("has the object itself answer where its class is not known", async () => {
    const box = await started({ statics: { outbound: text("mine") } });
    const { exports } = box.host.plan;
    const asked: string[] = [];
    const handleOutbound = async (request: Request): Promise<Response> => {
      asked.push(request.url);
      return new Response("by the object");
    };
    const namespace = { idFromString: (id: string) => id, get: () => ({ handleOutbound }) };
    const props = { containerId: "0", className: "t", exportName: "Elsewhere" };
    const ctx = { props, exports: { ...exports, Elsewhere: namespace } };
    const Proxy = ContainerProxy as unknown as new (ctx: object, env: object) => ContainerProxy;
    const response = await new Proxy(ctx, {}).fetch(new Request("http://a.test/"));
    expect([await response.text(), asked]).toEqual(["by the object", ["http://a.test/"]]);
    const direct = await box.call("handleOutbound", new Request("http://a.test/"));
    expect(await (direct as Response).text()).toBe("mine");
  });
});
