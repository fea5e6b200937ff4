import { describe, expect, it } from "vitest";
import { FakeClock } from "../../src/testing/fake-clock.ts";
import { FakeContainer, type FakeContainerOptions } from "../../src/testing/fake-container.ts";

function started(options?: FakeContainerOptions): FakeContainer {
  const container = new FakeContainer(options);
  container.start();
  return container;
}

async function failure(work: Promise<unknown>): Promise<unknown> {
  return work.then(
    () => "resolved",
    (error: unknown) => error,
  );
}

const get = (container: FakeContainer, path = "/", port = 8080): Promise<Response> =>
  container.getTcpPort(port).fetch(`http://container${path}`);

describe("FakeContainer.start()", () => {
  it("makes running true at once, and throws when it is already", () => {
    const container = new FakeContainer();
    expect(container.running).toBe(false);
    container.start({ enableInternet: false, labels: { a: "b" } });
    expect(container.running).toBe(true);
    expect(() => container.start()).toThrow(
      "start() cannot be called on a container that is already running.",
    );
    expect(container.starts).toEqual([{ enableInternet: false, labels: { a: "b" } }]);
  });

  it("tells a failed start by monitor() only", async () => {
    const clock = new FakeClock();
    const startError = (): Error => new Error("Container failed to start");
    const container = started({ startError, startMs: 70, clock });
    const end = failure(container.monitor());
    await clock.advance(69);
    expect(container.running).toBe(true);
    await clock.advance(1);
    expect(await end).toMatchObject({ message: "Container failed to start" });
    expect(container.running).toBe(false);
  });
});

describe("FakeContainer.getTcpPort()", () => {
  it("says that the ingress is not running before the first start", async () => {
    const error = await failure(get(new FakeContainer()));
    expect(error).toMatchObject({ message: "connect(): Container ingress proxy is not running." });
    expect(error).not.toHaveProperty("retryable");
  });

  it("refuses, retryably, until the app has booted, and counts that", async () => {
    const clock = new FakeClock();
    const container = started({ bootMs: 100, clock, app: () => new Response("hi") });
    const message = "Container is not listening to port 8080";
    expect(await failure(get(container))).toMatchObject({ message, retryable: true });
    await clock.advance(100);
    expect(await (await get(container)).text()).toBe("hi");
    expect(container).toMatchObject({ probes: 1, requests: 1 });
  });

  it("holds the first requests until the platform has started it", async () => {
    const clock = new FakeClock();
    const container = started({ startMs: 50, clock, app: () => new Response("late") });
    const response = get(container);
    await clock.advance(49);
    expect(container.requests).toBe(0);
    await clock.advance(1);
    expect(await (await response).text()).toBe("late");
  });

  it("listens once boot resolves", async () => {
    const { promise, resolve } = Promise.withResolvers<void>();
    const container = started({ boot: () => promise });
    expect(await failure(get(container))).toHaveProperty("retryable", true);
    resolve();
    await promise;
    expect((await get(container)).status).toBe(200);
  });

  it("refuses other ports, closed ports, and everything after the end", async () => {
    const container = started({ ports: [80, 81] });
    expect(await failure(get(container))).toHaveProperty("retryable", true);
    expect((await get(container, "/", 80)).status).toBe(200);
    container.setPortOpen(80, false);
    expect(await failure(get(container, "/", 80))).toHaveProperty("retryable", true);
    container.setPortOpen(80, true);
    container.setPortOpen(9000, true);
    expect((await get(container, "/", 9000)).status).toBe(200);
    container.exit();
    expect(await failure(get(container, "/", 80))).toMatchObject({
      message: "Container is not listening to port 80",
    });
  });

  it("gives the app method, path, headers and body", async () => {
    const container = started({
      app: async (request, { port }) =>
        Response.json([
          request.method,
          request.url,
          request.headers.get("a"),
          await request.text(),
          port,
        ]),
    });
    const init = { method: "POST", body: "text", headers: { a: "b" } };
    const response = await container.getTcpPort(8080).fetch("http://h/p?q=1", init);
    expect(await response.json()).toEqual(["POST", "http://h/p?q=1", "b", "text", 8080]);
  });

  it("rejects what the runtime rejects: https and ports out of range", async () => {
    const container = started();
    const fetched = container.getTcpPort(1).fetch("https://h/");
    await expect(fetched).rejects.toThrow("using HTTPS is not currently supported");
    expect(() => container.getTcpPort(0)).toThrow("Invalid port number: 0");
    expect(() => container.getTcpPort(65_536)).toThrow(TypeError);
  });

  it("cuts requests and bodies when the container ends", async () => {
    const lost = { message: "Network connection lost.", retryable: true };
    const arrived = Promise.withResolvers<void>();
    const container = started({
      app: (request) => {
        if (request.url.endsWith("/body")) {
          return new Response(new ReadableStream({ start: (c) => c.enqueue(new Uint8Array(3)) }));
        }
        arrived.resolve();
        return new Promise(() => {});
      },
    });
    const reader = (await get(container, "/body")).body?.getReader();
    expect((await reader?.read())?.value).toHaveLength(3);
    const rest = failure(Promise.resolve(reader?.read()));
    const waiting = failure(get(container));
    await arrived.promise;
    container.crash();
    expect(await rest).toMatchObject(lost);
    expect(await waiting).toMatchObject(lost);
  });

  it("tells the app when the container ends", async () => {
    let told: AbortSignal | undefined;
    const container = started({
      app: (_request, { signal }) => {
        told = signal;
        return new Response();
      },
    });
    await get(container);
    expect(told?.aborted).toBe(false);
    container.exit();
    await container.monitor();
    expect(told?.aborted).toBe(true);
  });

  it("rejects with the signal's reason when the caller aborts", async () => {
    const container = started();
    container.wedge();
    const caller = new AbortController();
    const init = { signal: caller.signal };
    const work = failure(container.getTcpPort(8080).fetch("http://h/", init));
    caller.abort(new Error("left"));
    expect(await work).toMatchObject({ message: "left" });
  });
});

describe("FakeContainer.monitor()", () => {
  it("rejects before the first start", async () => {
    await expect(new FakeContainer().monitor()).rejects.toThrow(
      "monitor() cannot be called on a container that is not running.",
    );
  });

  it("resolves on exit 0, again when asked again, and anew for a new run", async () => {
    const container = started();
    container.exit();
    await expect(container.monitor()).resolves.toBeUndefined();
    await expect(container.monitor()).resolves.toBeUndefined();
    container.start();
    container.crash({ exitCode: 3 });
    expect(await failure(container.monitor())).toMatchObject({
      message: "Container exited with unexpected exit code: 3",
      exitCode: 3,
    });
  });

  it("settles in the step in which running turns false", async () => {
    const container = started();
    const end = container.monitor().then(() => container.running);
    container.exit();
    expect(container.running).toBe(false);
    expect(await end).toBe(false);
  });

  it.each([
    [
      "crash",
      (c: FakeContainer) => c.crash({ isOutOfMemory: true }),
      /code: 137 \(out of memory\)/,
    ],
    ["rollout", (c: FakeContainer) => c.rollout(), /due to a new version rollout: 0/],
  ])("rejects on %s with the runtime's words", async (_name, end, text) => {
    const container = started();
    end(container);
    await expect(container.monitor()).rejects.toThrow(text);
  });
});

describe("FakeContainer.forget()", () => {
  it("leaves a container of which nothing is known", async () => {
    const container = started();
    container.forget();
    expect(container.running).toBe(false);
    await expect(container.monitor()).rejects.toThrow("on a container that is not running");
    expect(await failure(get(container))).toHaveProperty(
      "message",
      "connect(): Container ingress proxy is not running.",
    );
    container.start();
    expect((await get(container)).status).toBe(200);
  });
});

describe("FakeContainer.destroy()", () => {
  it("ends the run with 137, and does nothing to a container that is not running", async () => {
    const container = started();
    await container.destroy();
    expect(container.running).toBe(false);
    expect(await failure(container.monitor())).toHaveProperty("exitCode", 137);
    await expect(container.destroy(new Error("late"))).resolves.toBeUndefined();
    expect(await failure(container.monitor())).toHaveProperty("exitCode", 137);
  });

  it("tells its reason to the first who waits only", async () => {
    const container = started();
    const reason = new Error("why");
    const first = failure(container.monitor());
    const second = failure(container.monitor());
    await container.destroy(reason);
    expect(await first).toBe(reason);
    expect(await second).toHaveProperty("exitCode", 137);
  });
});

describe("FakeContainer.signal()", () => {
  it("ends the app on SIGTERM with its own code, after stopMs", async () => {
    const clock = new FakeClock();
    const container = started({ stopMs: 200, clock });
    container.signal(15);
    await clock.advance(199);
    expect(container.running).toBe(true);
    await clock.advance(1);
    expect(container.running).toBe(false);
    await expect(container.monitor()).resolves.toBeUndefined();
  });

  it("is ignored where the app does not handle it, but for SIGKILL", async () => {
    const container = started();
    container.ignoreSigterm();
    container.signal(15);
    container.signal(10);
    await Promise.resolve();
    expect(container.running).toBe(true);
    container.signal(9);
    expect(await failure(container.monitor())).toHaveProperty("exitCode", 137);
    expect(container.signals).toEqual([15, 10, 9]);
  });

  it("takes exitOn for what the app does", async () => {
    const container = started({ exitOn: { 15: 143 } });
    container.signal(15);
    expect(await failure(container.monitor())).toHaveProperty("exitCode", 143);
  });

  it("throws on a container that is not running, and on no signal", () => {
    expect(() => new FakeContainer().signal(15)).toThrow(
      "signal() cannot be called on a container that is not running.",
    );
    expect(() => started().signal(0)).toThrow(RangeError);
  });
});

describe("FakeContainer.setInactivityTimeout()", () => {
  it("notes the time and rejects none", async () => {
    const container = new FakeContainer();
    await container.setInactivityTimeout(5_000);
    expect(container.inactivityTimeouts).toEqual([5_000]);
    await expect(container.setInactivityTimeout(0)).rejects.toThrow(TypeError);
  });
});

describe("FakeContainer.inspect()", () => {
  it("tells the labels of the running container, and null of none", async () => {
    const container = new FakeContainer();
    expect(await container.inspect()).toBeNull();
    container.start({ labels: { a: "b" } });
    expect(await container.inspect()).toMatchObject({ labels: { a: "b" } });
  });
});
