import { evictDurableObject, runInDurableObject } from "cloudflare:test";
import { describe, expect, it } from "vitest";
import type { FakeContainerOptions } from "../../src/testing/fake-container.ts";
import { createBox, until, type TestBox } from "./box.ts";

const text = (part: Uint8Array | undefined): string => new TextDecoder().decode(part);
const bytes = (part: string): Uint8Array => new TextEncoder().encode(part);

/** A box that is ready, so that what follows meets no probe. */
async function readyBox(app: NonNullable<FakeContainerOptions["app"]>): Promise<TestBox> {
  let isReady = false;
  const box = createBox({
    container: {
      ports: [8080, 9090],
      app: (request, context) => (isReady ? app(request, context) : new Response()),
    },
  });
  await box.stub.startAndWaitForPorts([8080, 9090]);
  isReady = true;
  return box;
}

const echo = async (request: Request): Promise<Response> =>
  Response.json({
    method: request.method,
    url: request.url,
    header: request.headers.get("x-one"),
    body: await request.text(),
  });

describe("A request", () => {
  it.each(["GET", "POST", "PUT", "PATCH", "DELETE", "OPTIONS"])(
    "reaches the app with its method, URL, headers and body: %s",
    async (method) => {
      const box = await readyBox(echo);
      const body = method === "GET" ? null : "payload";
      const init = { method, body, headers: { "x-one": "1" } };
      const response = await box.get("/a/b?c=d%20e&f", init);
      expect(await response.json()).toEqual({
        method,
        url: "http://box/a/b?c=d%20e&f",
        header: "1",
        body: body ?? "",
      });
    },
  );

  it.each(["http", "https"])("keeps its query to the byte: %s", async (scheme) => {
    const box = await readyBox(echo);
    const url = `${scheme}://app.example/cb?next=https://pay.example/x&b=%2F+%20`;
    const response = await box.stub.fetch(url, { method: "POST", body: "b" });
    expect(await response.json()).toMatchObject({
      url: "http://app.example/cb?next=https://pay.example/x&b=%2F+%20",
      method: "POST",
      body: "b",
    });
  });

  it("goes to defaultPort whatever the port of the URL is", async () => {
    const box = await readyBox((_request, { port }) => new Response(String(port)));
    expect(await (await box.stub.fetch("http://localhost:8787/")).text()).toBe("8080");
  });

  it("streams its body up: the app has the first part before the last is made", async () => {
    const seen: string[] = [];
    const box = await readyBox(async (request) => {
      for await (const part of request.body ?? []) seen.push(text(part));
      return new Response("done");
    });
    const { readable, writable } = new IdentityTransformStream();
    const writer = writable.getWriter();
    const response = box.get("/", { method: "POST", body: readable });
    await writer.write(bytes("one"));
    await until(() => seen.length === 1);
    await writer.write(bytes("two"));
    await writer.close();
    expect(await (await response).text()).toBe("done");
    expect(seen.join("")).toBe("onetwo");
  });
});

describe("An answer", () => {
  it("streams: the client has an event before the next is made", async () => {
    let send: (part: string) => void = () => {};
    let end: () => void = () => {};
    const box = await readyBox(() => {
      const body = new ReadableStream<Uint8Array>({
        start: (controller) => {
          send = (part) => controller.enqueue(bytes(part));
          end = () => controller.close();
        },
      });
      return new Response(body, { headers: { "content-type": "text/event-stream" } });
    });
    const response = await box.get("/events");
    expect(response.headers.get("content-type")).toBe("text/event-stream");
    const reader = response.body?.getReader();
    for (const event of ["data: 1\n\n", "data: 2\n\n"]) {
      await runInDurableObject(box.stub, () => send(event));
      expect(text((await reader?.read())?.value)).toBe(event);
    }
    await runInDurableObject(box.stub, () => end());
    expect((await reader?.read())?.done).toBe(true);
  });

  it.each([
    ["HEAD", 200],
    ["GET", 204],
    ["GET", 205],
    ["GET", 304],
  ])("without a body stays without one: %s %d", async (method, status) => {
    const headers = { etag: '"a"', "x-app": "1" };
    const box = await readyBox(() => new Response(null, { status, headers }));
    const response = await box.get("/", { method });
    expect(response.status).toBe(status);
    expect(response.headers.get("etag")).toBe('"a"');
    expect(response.headers.get("x-app")).toBe("1");
    expect(await response.text()).toBe("");
  });

  it("to HEAD keeps the length of the body that is not sent", async () => {
    const headers = { "content-length": "12345" };
    const box = await readyBox(() => new Response(null, { headers }));
    const response = await box.get("/", { method: "HEAD" });
    expect(response.headers.get("content-length")).toBe("12345");
    expect(await response.text()).toBe("");
  });

  it("keeps the length that the app told, and its bytes", async () => {
    const body = "x".repeat(100_000);
    const box = await readyBox(
      () => new Response(body, { headers: { "content-length": String(body.length) } }),
    );
    const response = await box.get();
    expect(response.headers.get("content-length")).toBe("100000");
    expect(await response.text()).toBe(body);
  });

  it.each(["gzip", "br", "identity"])("in the encoding %s is intact", async (encoding) => {
    const headers = { "content-encoding": encoding };
    const box = await readyBox(() => new Response("said once ".repeat(1_000), { headers }));
    const response = await box.get("/", { headers: { "accept-encoding": encoding } });
    expect(response.headers.get("content-encoding")).toBe(encoding);
    expect(await response.text()).toBe("said once ".repeat(1_000));
  });

  it("with status and headers of an error is the app's own", async () => {
    const box = await readyBox(() => new Response("mine", { status: 503, statusText: "Busy" }));
    const response = await box.get();
    expect([response.status, await response.text()]).toEqual([503, "mine"]);
    expect(response.headers.get("x-berth-error")).toBeNull();
  });

  it("keeps each Set-Cookie", async () => {
    const headers = new Headers([
      ["set-cookie", "a=1"],
      ["set-cookie", "b=2"],
    ]);
    const box = await readyBox(() => new Response("c", { headers }));
    const response = await box.get();
    expect(response.headers.getSetCookie()).toEqual(["a=1", "b=2"]);
    await response.text();
  });

  it("that redirects reaches the client, who is to follow it", async () => {
    const seen: string[] = [];
    const box = await readyBox((request) => {
      seen.push(request.url);
      return new Response(null, { status: 302, headers: { location: "https://login.example/" } });
    });
    const response = await box.get("/private", { redirect: "manual" });
    expect(response.status).toBe(302);
    expect(response.headers.get("location")).toBe("https://login.example/");
    expect(seen).toEqual(["http://box/private"]);
  });

  it("that is cut short is an error for the client, never a shorter answer", async () => {
    const box = await readyBox(
      () => new Response(new ReadableStream({ start: (own) => own.enqueue(bytes("half")) })),
    );
    const response = await box.get();
    const reader = response.body?.getReader();
    expect(text((await reader?.read())?.value)).toBe("half");
    await runInDurableObject(box.stub, () => box.container.crash());
    await expect(reader?.read()).rejects.toThrow();
    await until(() => box.stops.length === 1);
  });
});

describe("containerFetch()", () => {
  const app = async (request: Request, { port }: { port: number }): Promise<Response> =>
    new Response(`${request.method} ${request.url} ${port} ${await request.text()}`);

  it.each([
    ["a relative URL", ["/health?a=b"], "GET http://container/health?a=b 8080 "],
    ["a URL", ["http://x/a"], "GET http://x/a 8080 "],
    ["a URL and a port", ["http://x/a", 9090], "GET http://x/a 9090 "],
    ["a URL and init", ["/a", { method: "PUT", body: "b" }], "PUT http://container/a 8080 b"],
    [
      "a URL, init and a port",
      ["/a", { method: "PUT", body: "b" }, 9090],
      "PUT http://container/a 9090 b",
    ],
    ["a URL, no init and a port", ["/a", undefined, 9090], "GET http://container/a 9090 "],
  ] as const)("takes %s", async (_what, args, expected) => {
    const box = await readyBox(app);
    const [url, portOrInit, port] = args;
    const response = await runInDurableObject(box.stub, async (instance) =>
      (await instance.containerFetch(url, portOrInit, port)).text(),
    );
    expect(response).toBe(expected);
  });

  it("takes a Request or a URL object, and a port", async () => {
    const box = await readyBox(app);
    const texts = await runInDurableObject(box.stub, async (instance) => {
      const request = (): Request => new Request("http://x/r", { method: "POST", body: "b" });
      const responses = [
        await instance.containerFetch(request()),
        await instance.containerFetch(request(), 9090),
        await instance.containerFetch(new URL("https://x/u")),
      ];
      return await Promise.all(responses.map((response) => response.text()));
    });
    expect(texts).toEqual([
      "POST http://x/r 8080 b",
      "POST http://x/r 9090 b",
      "GET http://x/u 8080 ",
    ]);
  });

  it("works on a stub", async () => {
    const box = await readyBox(app);
    const response = await box.stub.containerFetch("/rpc", { method: "POST", body: "b" }, 9090);
    expect(await response.text()).toBe("POST http://container/rpc 9090 b");
  });
});

describe("An error in place of an answer", () => {
  it("has the code and Retry-After, and nothing of the inside", async () => {
    const box = createBox({
      container: { startError: () => new Error("connect to 10.0.0.1:8080 failed to start") },
    });
    const response = await box.get();
    expect(response.status).toBe(503);
    expect(response.headers.get("x-berth-error")).toBe("START_FAILED");
    expect(response.headers.get("retry-after")).toBe("1");
    expect(response.headers.get("cache-control")).toBe("no-store");
    const body = await response.text();
    expect(body).not.toMatch(/10\.0\.0\.1|8080|stack|at /);
    expect(JSON.parse(body)).toMatchObject({ error: { code: "START_FAILED", retryable: true } });
  });

  it.each([
    ["Maximum number of running container instances exceeded", 503, "MAX_INSTANCES", "10"],
    ["you are starting too many containers per second", 429, "RATE_LIMITED", "1"],
  ])("tells of the platform's limits: %s", async (message, status, code, retryAfter) => {
    const box = createBox({ container: { startError: () => new Error(message) } });
    const failed = await runInDurableObject(box.stub, async (instance) => {
      const wait = { instanceGetTimeoutMS: 30, portReadyTimeoutMS: 60 };
      return await instance.startAndWaitForPorts(8080, wait).catch((error: unknown) => error);
    });
    expect(failed).toMatchObject({ code, status, retryAfterMs: Number(retryAfter) * 1_000 });
  });
});

describe("A client that leaves before its answer began", () => {
  it("ends the request to the app and its hold on the instance", async () => {
    const box = createBox({ container: { app: () => new Response("hi") } });
    await (await box.get()).text();
    await runInDurableObject(box.stub, () => box.container.wedge());
    await runInDurableObject(box.stub, async (instance) => {
      const client = new AbortController();
      const request = new Request("http://box/", { signal: client.signal });
      const response = instance.fetch(request);
      await until(() => box.container.requests === 3);
      client.abort();
      expect((await response).headers.get("x-berth-error")).toBe("ABORTED");
    });
    await evictDurableObject(box.stub); // hangs while something is under way
    expect(box.container.starts).toHaveLength(1);
  });

  it("leaves the queue of a cold start, which goes on for the others", async () => {
    const boot = Promise.withResolvers<void>();
    const box = createBox({
      container: { app: () => new Response("hi"), boot: () => boot.promise },
    });
    await runInDurableObject(box.stub, async (instance) => {
      const client = new AbortController();
      const first = instance.fetch(new Request("http://box/", { signal: client.signal }));
      const second = instance.fetch(new Request("http://box/"));
      await until(() => box.container.probes > 1);
      client.abort();
      expect((await first).status).toBe(499);
      boot.resolve();
      expect(await (await second).text()).toBe("hi");
    });
    expect(box.container.starts).toHaveLength(1);
  });

  it("is heard of by the app, through the stub", async () => {
    const seen: string[] = [];
    const box = await readyBox(({ signal }) => {
      signal.addEventListener("abort", () => seen.push("aborted"));
      seen.push("called");
      return new Promise(() => {});
    });
    const client = new AbortController();
    const response = box.get("/", { signal: client.signal });
    await until(() => seen.length === 1);
    client.abort();
    await expect(response).rejects.toThrow();
    await until(() => seen.includes("aborted"));
    await evictDurableObject(box.stub); // hangs while something is under way
    expect(await box.stub.getState()).toMatchObject({ status: "healthy" });
  });
});

describe("A connection that breaks", () => {
  const lost = (): Error =>
    Object.assign(new Error("Network connection lost."), { retryable: true });

  it.each(["GET", "HEAD", "OPTIONS", "DELETE"])("has a %s repeated once", async (method) => {
    let tries = 0;
    const box = await readyBox(() => {
      tries += 1;
      if (tries === 1) throw lost();
      return new Response(null, { headers: { tries: String(tries) } });
    });
    const response = await box.get("/", { method });
    expect([response.status, response.headers.get("tries")]).toEqual([200, "2"]);
    await response.text();
  });

  it("has a GET answered with 502 when it breaks twice", async () => {
    let tries = 0;
    const box = await readyBox(() => {
      tries += 1;
      throw lost();
    });
    const response = await box.get();
    expect(response.status).toBe(502);
    expect(response.headers.get("x-berth-error")).toBe("CONNECTION_LOST");
    expect(await response.text()).not.toContain("8080");
    expect(tries).toBe(2);
  });

  it.each([
    ["POST", "b"],
    ["POST", null],
    ["PATCH", null],
    ["PUT", "y".repeat(65_537)],
  ])("never has a %s with the body %j repeated", async (method, body) => {
    let tries = 0;
    const box = await readyBox(() => {
      tries += 1;
      throw lost();
    });
    const response = await box.get("/", { method, body });
    expect(response.headers.get("x-berth-error")).toBe("CONNECTION_LOST");
    await response.text();
    expect(tries).toBe(1);
  });

  it("has a PUT with a short body repeated, body and all", async () => {
    const bodies: string[] = [];
    const box = await readyBox(async (request) => {
      bodies.push(await request.text());
      if (bodies.length === 1) throw lost();
      return new Response("done");
    });
    const response = await box.get("/", { method: "PUT", body: "b" });
    expect(await response.text()).toBe("done");
    expect(bodies).toEqual(["b", "b"]);
  });

  it("with its container has a GET answered by the next run", async () => {
    let run = 0;
    const box = createBox({
      container: {
        app: (request) => {
          if (new URL(request.url).host === "ping") run += 1;
          else if (run === 1) return new Promise(() => {});
          return new Response(`run ${run}`);
        },
      },
    });
    const response = box.get();
    await until(() => box.container.requests === 2);
    await runInDurableObject(box.stub, () => box.container.crash());
    expect(await (await response).text()).toBe("run 2");
    expect(box.container.starts).toHaveLength(2);
  });

  it("because of destroy() starts no container", async () => {
    const box = await readyBox(() => new Promise(() => {}));
    const before = box.container.requests;
    const response = box.get();
    await until(() => box.container.requests > before);
    await box.stub.destroy();
    expect((await response).headers.get("x-berth-error")).toBe("CONNECTION_LOST");
    expect(box.container.starts).toHaveLength(1);
    await (await response).text();
  });
});

describe("An app that stops listening while it runs", () => {
  it("has requests wait until it listens again", async () => {
    const box = await readyBox(() => new Response("back"));
    await runInDurableObject(box.stub, () => box.container.setPortOpen(8080, false));
    const probes = box.container.probes;
    const response = box.get();
    await until(() => box.container.probes > probes + 2);
    await runInDurableObject(box.stub, () => box.container.setPortOpen(8080, true));
    expect(await (await response).text()).toBe("back");
    expect(box.container.starts).toHaveLength(1);
  });

  it.each([
    ["POST", "b"],
    ["PATCH", "y".repeat(65_536)],
  ])("has a %s with a body that is kept sent once it listens", async (method, body) => {
    const box = await readyBox(async (request) => new Response(await request.text()));
    await runInDurableObject(box.stub, () => box.container.setPortOpen(8080, false));
    const probes = box.container.probes;
    const response = box.get("/", { method, body });
    await until(() => box.container.probes > probes + 2);
    await runInDurableObject(box.stub, () => box.container.setPortOpen(8080, true));
    expect(await (await response).text()).toBe(body);
  });

  it("has a body too long to be kept answered 503 NOT_LISTENING, and the next one wait", async () => {
    const box = await readyBox(() => new Response("back"));
    await runInDurableObject(box.stub, () => box.container.setPortOpen(8080, false));
    const body = "y".repeat(65_537);
    const post = await box.get("/", { method: "POST", body });
    expect([post.status, post.headers.get("x-berth-error")]).toEqual([503, "NOT_LISTENING"]);
    await post.text();
    const next = box.get("/", { method: "POST", body });
    const probes = box.container.probes;
    await until(() => box.container.probes > probes + 1);
    await runInDurableObject(box.stub, () => box.container.setPortOpen(8080, true));
    expect(await (await next).text()).toBe("back");
  });
});

describe('traffic "pass-through"', () => {
  it("hands answers on as they are, with their length, and holds nothing", async () => {
    const body = "y".repeat(1_000);
    const box = createBox({
      container: { app: () => new Response(body, { headers: { "content-length": "1000" } }) },
      fields: { traffic: "pass-through" },
    });
    const response = await box.get();
    expect(response.headers.get("content-length")).toBe("1000");
    expect(await response.text()).toBe(body);
    await evictDurableObject(box.stub);
  });
});
