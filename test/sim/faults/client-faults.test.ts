import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";
import { Container, ContainerProxy } from "../../../src/index.ts";
import { answer, boxOf as boxFor, type AppPlan, type Box } from "../scenarios/scenario.ts";
import type { SimulationOptions } from "../../../src/testing.ts";

// Faults of orchestration.md section 5, by their numbers there: what must hold for one instance.

const boxOf = (plan: AppPlan & { readonly options?: SimulationOptions } = {}): Promise<Box> =>
  boxFor({ name: "berth", Container, ContainerProxy }, plan);

/** Answers 200, and so is ready. */
async function ready(box: Box): Promise<void> {
  expect((await answer(box.fetch("/")))[0]).toBe(200);
}

beforeEach(() => {
  vi.spyOn(console, "error").mockReturnValue(undefined);
});
afterEach(() => {
  vi.restoreAllMocks();
});

describe("Faults of clients and connections", () => {
  const leases = async (box: Box): Promise<unknown> =>
    ((await box.call("peek")) as { leases: unknown }).leases;
  const NONE = { wait: 0, request: 0, stream: 0, socket: 0, exec: 0 };

  it.each(["before the headers", "in the middle of the body"])(
    "38: a client that leaves %s frees its lease within a second (#241)",
    async (when) => {
      const isBody = when.includes("body");
      const box = await boxOf({
        fields: { sleepAfter: "2m" },
        options: {
          app: async (request) => {
            if (new URL(request.url).pathname !== "/long") return new Response("hi");
            if (!isBody) await new Promise(() => {});
            const body = new ReadableStream<Uint8Array>({
              async pull(controller) {
                await box.world.delay(200);
                controller.enqueue(new Uint8Array(8));
              },
            });
            return new Response(body);
          },
        },
      });
      await ready(box);
      const client = new AbortController();
      const response = box.fetch("/long", { signal: client.signal });
      if (isBody) {
        const given = await response;
        await box.advance("1s");
        await given.body?.cancel();
      } else {
        await box.advance("1s");
        client.abort();
        await response.catch(() => "gone");
      }
      await box.advance("1s");
      expect(await leases(box)).toEqual(NONE);
      await box.advance("3m");
      expect(box.container.running).toBe(false);
    },
  );

  it("39: a client that stops reading counts until idleStreamTimeout, and fills no memory", async () => {
    let sent = 0;
    const box = await boxOf({
      fields: { sleepAfter: "2m", idleStreamTimeout: "3m" },
      options: {
        app: (request) => {
          if (new URL(request.url).pathname !== "/big") return new Response("hi");
          const body = new ReadableStream<Uint8Array>(
            {
              pull(controller) {
                sent += 65_536;
                controller.enqueue(new Uint8Array(65_536));
              },
            },
            { highWaterMark: 0 },
          );
          return new Response(body);
        },
      },
    });
    await ready(box);
    await box.fetch("/big");
    await box.advance("2m");
    expect([box.container.running, await leases(box)]).toEqual([true, { ...NONE, stream: 1 }]);
    expect(sent).toBeLessThan(2_000_000);
    await box.advance("10m");
    expect(box.container.running).toBe(false);
  });

  it("40: a body that breaks midway breaks for the client, and frees its lease once", async () => {
    const box = await boxOf({
      options: {
        app: (request) => {
          if (new URL(request.url).pathname !== "/broken") return new Response("hi");
          let parts = 0;
          const body = new ReadableStream<Uint8Array>({
            async pull(controller) {
              await box.world.delay(100);
              parts += 1;
              if (parts > 3) controller.error(new Error("the disk is gone"));
              else controller.enqueue(new Uint8Array(8));
            },
          });
          return new Response(body);
        },
      },
    });
    await ready(box);
    const response = await box.fetch("/broken");
    const read = box.world.run(() => response.text());
    await expect(read).rejects.toThrow();
    await box.advance("1s");
    expect(await leases(box)).toEqual(NONE);
    expect(box.starts).toBe(1);
  });

  it.each(["client", "container"] as const)(
    "41: a WebSocket that the %s drops frees its lease once, and the idle time goes on",
    async (side) => {
      let server: WebSocket | undefined;
      const box = await boxOf({
        fields: { sleepAfter: "2m" },
        options: {
          app: (request) => {
            if (request.headers.get("upgrade") === null) return new Response();
            const pair = new WebSocketPair();
            server = pair[1];
            server.accept();
            return new Response(null, { status: 101, webSocket: pair[0] });
          },
        },
      });
      const { webSocket } = await box.fetch("/", { headers: { upgrade: "websocket" } });
      webSocket?.accept();
      const codes: number[] = [];
      webSocket?.addEventListener("close", ({ code }) => codes.push(code));
      await box.advance("1s");
      expect(await leases(box)).toEqual({ ...NONE, socket: 1 });
      const dropped = side === "client" ? webSocket : server;
      Reflect.apply(Reflect.get(dropped ?? {}, "drop") as () => void, dropped, []);
      await box.advance("1s");
      expect(await leases(box)).toEqual(NONE);
      if (side === "container") expect(codes).toEqual([1011]);
      await box.advance("4m");
      expect(box.container.running).toBe(false);
    },
  );

  it("42: a drain closes a thousand sockets with 1012, spread over ten seconds", async () => {
    const closedAtMs: number[] = [];
    const codes = new Set<number>();
    const box = await boxOf({
      options: {
        app: (request) => {
          if (request.headers.get("upgrade") === null) return new Response();
          const { 0: client, 1: server } = new WebSocketPair();
          server.accept();
          return new Response(null, { status: 101, webSocket: client });
        },
      },
    });
    await ready(box);
    const responses = await Promise.all(
      Array.from({ length: 1_000 }, () => box.fetch("/", { headers: { upgrade: "websocket" } })),
    );
    for (const { webSocket } of responses) {
      webSocket?.accept();
      webSocket?.addEventListener("close", ({ code }) => {
        codes.add(code);
        closedAtMs.push(Date.now());
      });
    }
    const began = Date.now();
    await box.call("stop");
    await box.advance("15s");
    expect([codes, closedAtMs.length]).toEqual([new Set([1012]), 1_000]);
    const seconds = closedAtMs.map((atMs) => Math.floor((atMs - began) / 1_000));
    const busiest = Math.max(
      ...[...new Set(seconds)].map((second) => seconds.filter((one) => one === second).length),
    );
    expect(busiest).toBeLessThan(200);
    expect(box.container.running).toBe(false);
  });
});
