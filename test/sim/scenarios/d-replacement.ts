import { expect } from "vitest";
import { answer, boxOf, countingApp, scenario, stops, type Box } from "./scenario.ts";

async function ready(box: Box): Promise<void> {
  expect((await answer(box.fetch("/")))[0]).toBe(200);
}

export const REPLACEMENT = [
  scenario(
    31,
    "an app that stops listening is replaced once, and the request served",
    async (subject) => {
      const box = await boxOf(subject, { fields: { sleepAfter: "10m" } });
      await ready(box);
      box.container.setPortOpen(8080, false);
      expect((await answer(box.fetch("/")))[0]).toBe(200);
      expect([box.starts, box.container.destroys]).toEqual([2, 1]);
    },
  ),

  scenario(
    32,
    "a healthy record over a slot that does not listen is healed the same way",
    async (subject) => {
      const box = await boxOf(subject);
      await ready(box);
      box.container.setPortOpen(8080, false);
      box.evict();
      expect((await answer(box.fetch("/")))[0]).toBe(200);
      expect([box.starts, box.container.destroys]).toEqual([2, 1]);
    },
  ),

  scenario(33, "a request between SIGTERM and exit waits for the next run", async (subject) => {
    const box = await boxOf(subject, { options: { stopMs: 5_000 } });
    await ready(box);
    await box.call("stop");
    box.container.setPortOpen(8080, false);
    expect((await answer(box.fetch("/")))[0]).toBe(200);
    expect([box.starts, box.container.signals, box.container.destroys]).toEqual([2, [15], 0]);
  }),

  scenario(34, "a rollout is told to onStop once, as a rollout", async (subject) => {
    const box = await boxOf(subject);
    await ready(box);
    box.container.rollout();
    await ready(box);
    await box.advance("1m");
    expect(stops(box)).toMatchObject([{ cause: "rollout" }]);
  }),

  scenario(
    35,
    "a signal of the runtime's is told as a signal, with its number",
    async (subject) => {
      const box = await boxOf(subject);
      await ready(box);
      box.container.endWith(new Error("Runtime signalled the container to exit: 15"));
      await ready(box);
      await box.advance("1m");
      expect(stops(box)).toMatchObject([{ cause: "signal", exitCode: 15 }]);
    },
  ),

  scenario(36, "an end for want of memory is told as such, with 137", async (subject) => {
    const box = await boxOf(subject);
    await ready(box);
    box.crash({ isOutOfMemory: true });
    await ready(box);
    await box.advance("1m");
    expect(stops(box)).toMatchObject([{ cause: "oom", exitCode: 137 }]);
  }),

  scenario(
    37,
    "an onStop that throws once is called again, and the next run's all the same",
    async (subject) => {
      let calls = 0;
      const box = await boxOf(subject, {
        methods: {
          onStop() {
            calls += 1;
            if (calls === 1) throw new Error("once");
          },
        },
      });
      await ready(box);
      box.crash();
      await ready(box);
      await box.advance("2m");
      await box.call("destroy");
      await box.advance("2m");
      expect(calls).toBe(3);
    },
  ),

  scenario(38, "destroy() is told to onStop without an alarm, as destroy", async (subject) => {
    const box = await boxOf(subject);
    await ready(box);
    const { alarms } = box.bill();
    await box.call("destroy");
    await box.advance("2s");
    expect(box.bill().alarms).toBe(alarms);
    expect(stops(box)).toMatchObject([{ cause: "destroy" }]);
  }),

  scenario(
    39,
    "a stop that is not told yet is told with its own code, and not taken for the next run's",
    async (subject) => {
      const box = await boxOf(subject);
      await ready(box);
      box.crash({ exitCode: 7 });
      await box.call("start");
      await box.advance("1m");
      expect(stops(box)).toMatchObject([{ exitCode: 7 }]);
      expect(box.container.running).toBe(true);
      expect((await box.call("getState")) as object).not.toMatchObject({ status: "stopped" });
    },
  ),

  scenario(40, "an onStop that calls start() starts the next run, once", async (subject) => {
    const box = await boxOf(subject, {
      methods: {
        async onStop(this: { start(): Promise<void> }) {
          await this.start();
        },
      },
    });
    await ready(box);
    box.crash();
    await ready(box);
    await box.advance("1m");
    expect([box.starts, box.container.running, box.callsOf("onStop").length]).toEqual([2, true, 1]);
  }),

  scenario(
    41,
    "an end in words that nobody knows leaves the instance stopped, and is told once",
    async (subject) => {
      const box = await boxOf(subject);
      await ready(box);
      box.container.endWith(new Error("the flux capacitor is empty"));
      await box.call("stop");
      await box.advance("4m");
      expect(await box.call("getState")).toMatchObject({ status: "stopped" });
      expect(box.callsOf("onError")).toHaveLength(1);
    },
  ),

  scenario(42, "what the monitor of an old run says late changes nothing", async (subject) => {
    const box = await boxOf(subject);
    await ready(box);
    const late = box.container.monitor.bind(box.container);
    let isFirst = true;
    box.container.monitor = async () => {
      const delayMs = isFirst ? 20_000 : 0;
      isFirst = false;
      const end = late();
      await end.catch(() => {});
      await box.world.delay(delayMs);
      await end;
    };
    box.crash({ exitCode: 9 });
    await ready(box);
    await box.advance("2m");
    expect([box.container.running, box.starts]).toEqual([true, 2]);
    expect(box.callsOf("onStop")).toHaveLength(1);
  }),

  scenario(
    43,
    "restarts after crashes converge: each comes later, and then there is peace",
    async (subject) => {
      let crashes = 3;
      const box = await boxOf(subject, { options: { bootMs: 100 } });
      box.container.faults.exitAfterStart = { afterMs: 50, exitCode: 1 };
      for (let attempt = 0; attempt < 12 && crashes > 0; attempt += 1) {
        await answer(box.fetch("/"));
        await box.advance("10s");
        crashes -= 1;
      }
      box.container.faults.exitAfterStart = undefined;
      const before = box.starts;
      await box.advance("2m");
      await ready(box);
      expect(box.starts - before).toBe(1);
      expect(before).toBeLessThanOrEqual(9);
    },
  ),
];

export const PROXYING = [
  scenario(44, "a query that holds a URL arrives to the byte", async (subject) => {
    const urls: string[] = [];
    const box = await boxOf(subject, {
      options: {
        app: (request) => {
          urls.push(request.url);
          return new Response("hi");
        },
      },
    });
    await ready(box);
    await answer(box.fetch("http://app/cb?next=https://pay.example/x&a=%20b"));
    expect(urls.at(-1)).toMatch(/\/cb\?next=https:\/\/pay\.example\/x&a=%20b$/);
  }),

  scenario(45, "a port header from outside is ignored, and not passed on", async (subject) => {
    const ports: [port: number, header: string | null][] = [];
    const box = await boxOf(subject, {
      options: {
        ports: [8080, 9229],
        app: (request, { port }) => {
          ports.push([port, request.headers.get("cf-container-target-port")]);
          return new Response("hi");
        },
      },
    });
    await ready(box);
    await answer(box.fetch("/", { headers: { "cf-container-target-port": "9229" } }));
    expect(ports.at(-1)).toEqual([8080, null]);
  }),

  scenario(46, "a port in the URL of development is not the container's", async (subject) => {
    const ports: number[] = [];
    const box = await boxOf(subject, {
      options: {
        ports: [8080, 8787],
        app: (_request, { port }) => {
          ports.push(port);
          return new Response("hi");
        },
      },
    });
    await answer(box.fetch("http://localhost:8787/"));
    expect(new Set(ports)).toEqual(new Set([8080]));
  }),

  scenario(47, "answers without a body pass as they are", async (subject) => {
    const box = await boxOf(subject, {
      options: {
        app: (request) => {
          const status = Number(new URL(request.url).pathname.slice(1)) || 200;
          return new Response(status === 200 ? "body" : null, { status });
        },
      },
    });
    await ready(box);
    for (const status of [204, 304]) {
      expect(await answer(box.fetch(`/${status}`))).toEqual([status, ""]);
    }
    expect(await answer(box.fetch("/", { method: "HEAD" }))).toEqual([200, ""]);
  }),

  scenario(
    48,
    "a WebSocket keeps its subprotocol, carries every frame and stays open",
    async (subject) => {
      const app = (request: Request): Response => {
        if (request.headers.get("upgrade") === null) return new Response();
        const { 0: client, 1: server } = new WebSocketPair();
        server.accept();
        server.addEventListener("message", ({ data }) => server.send(data));
        const headers = { "sec-websocket-protocol": "streamlit" };
        return new Response(null, { status: 101, webSocket: client, headers });
      };
      const box = await boxOf(subject, { options: { app } });
      const response = await box.fetch("/", { headers: { upgrade: "websocket" } });
      expect(response.headers.get("sec-websocket-protocol")).toBe("streamlit");
      const { webSocket } = response;
      const messages: unknown[] = [];
      webSocket?.accept();
      webSocket?.addEventListener("message", ({ data }) => messages.push(typeof data));
      webSocket?.send("text");
      webSocket?.send(new Uint8Array([1, 2]));
      await box.advance("5m");
      expect([messages, webSocket?.readyState]).toEqual([["string", "object"], 1]);
    },
  ),

  scenario(
    49,
    "a container's socket that breaks is no clean close for the client",
    async (subject) => {
      let drop: (() => void) | undefined;
      const app = (request: Request): Response => {
        if (request.headers.get("upgrade") === null) return new Response();
        const { 0: client, 1: server } = new WebSocketPair();
        server.accept();
        drop = () => Reflect.apply(Reflect.get(server, "drop") as () => void, server, []);
        return new Response(null, { status: 101, webSocket: client });
      };
      const box = await boxOf(subject, { options: { app } });
      const { webSocket } = await box.fetch("/", { headers: { upgrade: "websocket" } });
      const codes: number[] = [];
      webSocket?.accept();
      webSocket?.addEventListener("close", ({ code }) => codes.push(code));
      await box.advance("1s");
      drop?.();
      await box.advance("1s");
      expect(codes).toHaveLength(1);
      expect(codes[0]).not.toBe(1000);
    },
  ),

  scenario(
    50,
    "the body of a failure tells nothing of the inside, but a code and when to return",
    async (subject) => {
      const box = await boxOf(subject, { options: { ports: [] } });
      const response = await box.fetch("/");
      expect(response.status).toBe(503);
      const body = await response.text();
      expect(body).not.toMatch(/10\.0\.0\.1|8080/);
      expect(JSON.parse(body)).toMatchObject({ error: { code: "PORT_TIMEOUT" } });
      expect(Number(response.headers.get("retry-after"))).toBeGreaterThan(0);
    },
  ),

  scenario(
    51,
    "all instances taken is 503 with Retry-After, too many starts is 429",
    async (subject) => {
      for (const [text, status, code] of [
        ["Maximum number of running container instances exceeded", 503, "MAX_INSTANCES"],
        ["you are starting too many containers per second", 429, "RATE_LIMITED"],
      ] as const) {
        const box = await boxOf(subject, {
          options: { startError: () => new Error(text) },
        });
        const response = await box.fetch("/");
        expect([text, response.status]).toEqual([text, status]);
        expect(Number(response.headers.get("retry-after"))).toBeGreaterThan(0);
        expect(await response.json()).toMatchObject({ error: { code } });
      }
    },
  ),

  scenario(
    52,
    "a POST that the app never takes ends in a typed timeout, and a GET is served meanwhile",
    async (subject) => {
      const box = await boxOf(subject, {
        fields: { requestTimeout: "10s" },
        options: {
          app: (request) =>
            request.method === "POST" ? new Promise<Response>(() => {}) : new Response("hi"),
        },
      });
      await ready(box);
      const post = box.fetch("/", { method: "POST", body: "x" });
      await box.advance("1s");
      await ready(box);
      expect((await answer(post))[0]).toBe(504);
    },
  ),

  scenario(53, "containerFetch() takes a relative URL", async (subject) => {
    const { app, paths } = countingApp();
    const box = await boxOf(subject, {
      options: { app },
      methods: {
        async health(this: { containerFetch(path: string): Promise<Response> }) {
          return await (await this.containerFetch("/health")).text();
        },
      },
    });
    expect(await box.call("health")).toBe("hi");
    expect(paths).toContain("/health");
  }),
];
