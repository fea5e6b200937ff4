import { evictDurableObject, runDurableObjectAlarm, runInDurableObject } from "cloudflare:test";
import { afterEach, describe, expect, it, vi } from "vitest";
import type { FakeAppContext } from "../../src/testing/fake-port.ts";
import { switchPort } from "../../src/worker/switch-port.ts";
import { createBox, until, type TestBox } from "./box.ts";

afterEach(() => {
  vi.useRealTimers();
});

interface Closed {
  readonly code: number;
  readonly reason: string;
}

/** What a test sees of one end of a socket. */
interface End {
  readonly socket: WebSocket;
  readonly messages: unknown[];
  readonly closed: Promise<Closed>;
}

function watch(socket: WebSocket): End {
  const messages: unknown[] = [];
  socket.binaryType = "arraybuffer";
  socket.addEventListener("message", ({ data }) => void messages.push(data));
  const closed = new Promise<Closed>((resolve) => {
    socket.addEventListener("close", ({ code, reason }) => resolve({ code, reason }));
  });
  socket.accept();
  return { socket, messages, closed };
}

/** An app that takes sockets, and a box that runs it. */
function socketBox(plan: Parameters<typeof createBox>[0] = {}): {
  box: TestBox;
  ends: End[];
  upgrades: Request[];
} {
  const ends: End[] = [];
  const upgrades: Request[] = [];
  const app = (request: Request, { port }: FakeAppContext): Response => {
    if (request.headers.get("upgrade") !== "websocket") return new Response(String(port));
    upgrades.push(request);
    const { 0: client, 1: server } = new WebSocketPair();
    ends.push(watch(server));
    const headers = { "sec-websocket-protocol": "chat.v2", "x-port": String(port) };
    return new Response(null, { status: 101, webSocket: client, headers });
  };
  const box = createBox({ ...plan, container: { app, ports: [8080, 9090], ...plan.container } });
  return { box, ends, upgrades };
}

const UPGRADE = { headers: { upgrade: "websocket", "sec-websocket-protocol": "chat.v1, chat.v2" } };

async function open(box: TestBox, request?: Request): Promise<End & { response: Response }> {
  const response = await (request ? box.stub.fetch(request) : box.get("/socket", UPGRADE));
  const { webSocket } = response;
  if (webSocket === null) throw new Error(`No WebSocket: status ${response.status}`);
  return { ...watch(webSocket), response };
}

describe.each(["watched", "pass-through"] as const)('A WebSocket, traffic "%s"', (traffic) => {
  const fields = { traffic };

  it("keeps the subprotocols asked for and the one chosen", async () => {
    const { box, upgrades } = socketBox({ fields });
    const { response, socket } = await open(box);
    expect(response.status).toBe(101);
    expect(response.headers.get("sec-websocket-protocol")).toBe("chat.v2");
    expect(upgrades[0]?.headers.get("sec-websocket-protocol")).toBe("chat.v1, chat.v2");
    socket.close();
  });

  it("passes text and bytes both ways, in order", async () => {
    const { box, ends } = socketBox({ fields });
    const client = await open(box);
    const parts = ["text", new Uint8Array([0, 255]).buffer, "", "last"];
    for (const part of parts) client.socket.send(part);
    await until(() => ends[0]?.messages.length === 4);
    expect(ends[0]?.messages).toEqual(parts);
    await runInDurableObject(box.stub, () => {
      for (const part of parts) ends[0]?.socket.send(part);
    });
    await until(() => client.messages.length === 4);
    expect(client.messages).toEqual(parts);
    client.socket.close();
  });

  it.each([
    [1000, "bye"],
    [1000, ""],
    [3000, "app"],
    [4999, "é ü"],
  ])("passes a close from the client as it is: %d %j", async (code, reason) => {
    const { box, ends } = socketBox({ fields });
    const client = await open(box);
    client.socket.close(code, reason);
    await until(() => ends.length === 1);
    expect(await ends[0]?.closed).toEqual({ code, reason });
  });

  it.each([
    [1000, "bye"],
    [3001, "app"],
    [4000, ""],
  ])("passes a close from the app as it is: %d %j", async (code, reason) => {
    const { box, ends } = socketBox({ fields });
    const client = await open(box);
    await runInDurableObject(box.stub, () => ends[0]?.socket.close(code, reason));
    expect(await client.closed).toEqual({ code, reason });
  });

  it("passes a close without a code", async () => {
    const { box, ends } = socketBox({ fields });
    const client = await open(box);
    client.socket.close();
    expect(await ends[0]?.closed).toEqual({ code: 1005, reason: "" });
  });
});

describe("A watched WebSocket", () => {
  it("tells the client of an app that broke off by a code that is not 1000", async () => {
    const { box, ends } = socketBox();
    const client = await open(box);
    await runInDurableObject(box.stub, () => ends[0]?.socket.close(1011, "gone wrong"));
    expect(await client.closed).toEqual({ code: 1011, reason: "gone wrong" });
  });

  it("waits in the queue of a cold start", async () => {
    const boot = Promise.withResolvers<void>();
    const { box, ends } = socketBox({ container: { boot: () => boot.promise } });
    const opening = open(box);
    await until(() => box.container.probes > 1);
    expect(ends).toHaveLength(0);
    await runInDurableObject(box.stub, () => boot.resolve());
    const client = await opening;
    expect(box.container.starts).toHaveLength(1);
    client.socket.close();
  });

  it("reaches the port of switchPort()", async () => {
    const { box } = socketBox({ fields: { allowedPorts: [9090] } });
    const request = new Request("http://box/", UPGRADE);
    const client = await open(box, switchPort(request, 9090));
    expect(client.response.headers.get("x-port")).toBe("9090");
    client.socket.close();
  });

  it("is an answer with a code when the container does not start", async () => {
    const startError = (): Error => new Error("Container failed to start");
    const { box } = socketBox({ container: { startError } });
    const response = await box.get("/socket", UPGRADE);
    expect([response.status, response.webSocket]).toEqual([503, null]);
    expect(response.headers.get("x-berth-error")).toBe("START_FAILED");
    await response.text();
  });

  it("keeps the instance awake while open, for an hour after its last message", async () => {
    const start = Date.now();
    vi.useFakeTimers({ toFake: ["Date"], now: start });
    const { box, ends } = socketBox({ fields: { sleepAfter: "10m" } });
    const client = await open(box);
    const passTo = async (minutes: number): Promise<void> => {
      while (Date.now() < start + minutes * 60_000) {
        vi.setSystemTime(Date.now() + 60_000);
        await runDurableObjectAlarm(box.stub);
      }
    };
    await passTo(30);
    client.socket.send("still here");
    await until(() => ends[0]?.messages.length === 1);
    await passTo(85);
    expect(box.hooks).toEqual(["start"]);
    await passTo(91);
    await until(() => box.stops.length === 1);
    expect(box.stops[0]).toMatchObject({ cause: "idle" });
    client.socket.close();
  });

  it("is watched even when its answer names a length of 0", async () => {
    const closed = Promise.withResolvers<void>();
    const app = (request: Request): Response => {
      if (request.headers.get("upgrade") !== "websocket") return new Response();
      const { 0: client, 1: server } = new WebSocketPair();
      server.addEventListener("close", () => closed.resolve());
      server.accept();
      const headers = { "content-length": "0" };
      return new Response(null, { status: 101, webSocket: client, headers });
    };
    const start = Date.now();
    vi.useFakeTimers({ toFake: ["Date"], now: start });
    const box = createBox({ container: { app }, fields: { sleepAfter: "10m" } });
    const client = await open(box);
    vi.setSystemTime(start + 11 * 60_000);
    await runDurableObjectAlarm(box.stub);
    expect(box.hooks).toEqual(["start"]);
    client.socket.close();
    await closed.promise;
  });

  it("lets the idle time start when it is closed", async () => {
    const start = Date.now();
    vi.useFakeTimers({ toFake: ["Date"], now: start });
    const { box, ends } = socketBox({ fields: { sleepAfter: "10m" } });
    const client = await open(box);
    vi.setSystemTime(start + 8 * 60_000);
    client.socket.close(1000);
    await ends[0]?.closed;
    vi.setSystemTime(start + 10 * 60_000);
    await runDurableObjectAlarm(box.stub);
    expect(box.hooks).toEqual(["start"]);
    vi.setSystemTime(start + 18 * 60_000);
    await runDurableObjectAlarm(box.stub);
    await until(() => box.stops.length === 1);
  });

  it("holds nothing after its end, from either side", async () => {
    const { box, ends } = socketBox();
    const first = await open(box);
    first.socket.close(1000, "client");
    await ends[0]?.closed;
    const second = await open(box);
    await runInDurableObject(box.stub, () => ends[1]?.socket.close(1000, "app"));
    await second.closed;
    await evictDurableObject(box.stub);
    expect(await box.stub.getState()).toMatchObject({ status: "healthy" });
  });
});
