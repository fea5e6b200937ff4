import { expect } from "vitest";
import { ability, answer, boxOf, endlessBody, scenario, stops, type Box } from "./scenario.ts";

/** Sends what tells the app to take its time. */
const hang = (): Promise<Response> => new Promise(() => {});

async function ready(box: Box): Promise<void> {
  expect((await answer(box.fetch("/")))[0]).toBe(200);
}

export const IDLE = [
  scenario(
    1,
    "a client that leaves before its answer pins nothing: stop within sleepAfter",
    async (subject) => {
      let isHanging = false;
      const box = await boxOf(subject, {
        fields: { sleepAfter: "2m" },
        options: { app: () => (isHanging ? hang() : new Response("hi")) },
      });
      await ready(box);
      isHanging = true;
      const client = new AbortController();
      const response = box.fetch("/", { signal: client.signal });
      await box.advance("1s");
      client.abort();
      await response.catch(() => "gone");
      await box.advance("5m");
      expect(box.container.running).toBe(false);
    },
  ),

  scenario(
    2,
    "a body that nobody reads stops counting, and the idle stop comes",
    async (subject) => {
      let isLong = false;
      const long = (): Response => new Response(new Uint8Array(10_000_000));
      const box = await boxOf(subject, {
        fields: { sleepAfter: "2m", idleStreamTimeout: "5m" },
        options: { app: () => (isLong ? long() : new Response("hi")) },
      });
      await ready(box);
      isLong = true;
      await box.fetch("/");
      await box.advance("20m");
      expect(box.container.running).toBe(false);
    },
  ),

  scenario(
    3,
    "an app that ignores SIGTERM gets it once, then is destroyed; onStop says idle",
    async (subject) => {
      const box = await boxOf(subject, { fields: { sleepAfter: "2m" } });
      await ready(box);
      box.container.ignoreSigterm();
      await box.advance("10m");
      expect(box.container.running).toBe(false);
      expect(box.container.signals).toEqual([15]);
      expect(stops(box)).toMatchObject([{ cause: "idle" }]);
    },
  ),

  scenario(4, "an eviction does not begin the idle time anew", async (subject) => {
    const box = await boxOf(subject, { fields: { sleepAfter: "10m" } });
    await ready(box);
    await box.advance("9m");
    box.evict();
    await box.call("getState");
    await box.advance("2m");
    expect(box.container.running).toBe(false);
  }),

  scenario(
    5,
    "sleepAfter set by a method after the construction holds for the first deadline",
    async (subject) => {
      const box = await boxOf(subject, {
        methods: {
          setSleepAfter(this: { sleepAfter: string }, sleepAfter: string) {
            this.sleepAfter = sleepAfter;
          },
        },
      });
      await box.call("setSleepAfter", "60m");
      await ready(box);
      await box.advance("50m");
      expect(box.container.running).toBe(true);
    },
  ),

  scenario(6, "sleepAfter of a subclass field holds for the very first alarm", async (subject) => {
    const box = await boxOf(subject, { fields: { sleepAfter: "2h" } });
    await ready(box);
    await box.advance("100m");
    expect(box.container.running).toBe(true);
    await box.advance("25m");
    expect(box.container.running).toBe(false);
  }),

  scenario(
    7,
    "sleepAfter is read in every unit, and refused by its value where it is none",
    async (subject) => {
      for (const [sleepAfter, beforeMs, afterMs] of [
        ["1d", 86_000_000, 90_000_000],
        ["1h30m", 5_300_000, 5_500_000],
        ["500ms", 300, 1_300],
      ] as const) {
        const box = await boxOf(subject, { fields: { sleepAfter } });
        await ready(box);
        await box.advance(beforeMs / 1_000);
        expect([sleepAfter, box.container.running]).toEqual([sleepAfter, true]);
        await box.advance((afterMs - beforeMs) / 1_000);
        expect([sleepAfter, box.container.running]).toEqual([sleepAfter, false]);
      }
      for (const sleepAfter of [Number.NaN, -1, "soon"]) {
        const box = await boxOf(subject, { fields: { sleepAfter } });
        await expect(box.call("start")).rejects.toThrow(`${sleepAfter}`);
      }
    },
  ),

  scenario(
    8,
    "keep-alive messages of the app do not keep it awake where only the client's count",
    async (subject) => {
      const app = (request: Request): Response => {
        if (request.headers.get("upgrade") === null) return new Response();
        const { 0: client, 1: server } = new WebSocketPair();
        server.accept();
        setInterval(() => server.readyState === 1 && server.send("ping"), 30_000);
        return new Response(null, { status: 101, webSocket: client });
      };
      const box = await boxOf(subject, {
        fields: { sleepAfter: "5m", socketActivity: "client" },
        options: { app },
      });
      const { webSocket } = await box.fetch("/", { headers: { upgrade: "websocket" } });
      const codes: number[] = [];
      webSocket?.addEventListener("close", ({ code }) => codes.push(code));
      webSocket?.accept();
      await box.advance("10m");
      expect(box.container.running).toBe(false);
      expect(codes).toEqual([1001]);
    },
  ),

  scenario(9, "a stream that is still sending at sleepAfter is not cut", async (subject) => {
    let stream: ReturnType<typeof endlessBody> | undefined;
    const box = await boxOf(subject, {
      fields: { sleepAfter: "1m" },
      options: {
        app: (request) => {
          if (!request.url.endsWith("/events")) return new Response("hi");
          stream = endlessBody((ms) => box.world.delay(ms));
          return new Response(stream.body, { headers: { "content-type": "text/event-stream" } });
        },
      },
    });
    await ready(box);
    const response = await box.fetch("/events");
    let parts = 0;
    const read = (async (): Promise<void> => {
      for await (const _part of response.body as unknown as AsyncIterable<unknown>) parts += 1;
    })();
    await box.advance("5m");
    expect(box.container.running).toBe(true);
    expect(parts).toBeGreaterThan(250);
    stream?.end();
    await box.advance("3m");
    await read;
    expect(box.container.running).toBe(false);
  }),

  scenario(
    10,
    "a poller that only peeks neither wakes the container nor keeps it awake",
    async (subject) => {
      const box = await boxOf(subject, { fields: { sleepAfter: "2m" } });
      expect(await ability(box, "peek")).toMatchObject({ isRunning: false });
      expect(box.starts).toBe(0);
      await ready(box);
      for (let poll = 0; poll < 30; poll += 1) {
        await box.call("peek");
        await box.advance("10s");
      }
      expect(box.container.running).toBe(false);
      expect(box.starts).toBe(1);
    },
  ),
];
