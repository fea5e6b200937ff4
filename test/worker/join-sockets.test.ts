import { describe, expect, it } from "vitest";
import { joinSockets, type JoinedSockets } from "../../src/worker/join-sockets.ts";
import { until } from "./box.ts";

interface Closed {
  readonly code: number;
  readonly reason: string;
}

/** One end of a socket, as who sits there sees it. */
interface End {
  readonly socket: WebSocket;
  readonly messages: unknown[];
  readonly closed: Promise<Closed>;
}

/** A joined pair, seen from everywhere. */
interface Pair {
  readonly joined: JoinedSockets;
  readonly client: End;
  readonly app: End;
  /** The runtime's own socket to the app: what happens to the connection is said here. */
  readonly container: WebSocket;
  readonly seen: string[];
  closings: number;
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

function createPair(): Pair {
  const { 0: container, 1: appEnd } = new WebSocketPair();
  const seen: string[] = [];
  const app = watch(appEnd);
  const joined = joinSockets(container, {
    onMessage: (message, from) => void seen.push(`${from} ${typeof message}`),
    onClosed: () => void (pair.closings += 1),
  });
  const client = watch(joined.client);
  const pair: Pair = { joined, client, app, container, seen, closings: 0 };
  return pair;
}

describe("joinSockets()", () => {
  it("tells of each message, and from where it came", async () => {
    const { client, app, seen } = createPair();
    client.socket.send("text");
    await until(() => app.messages.length === 1);
    app.socket.send(new Uint8Array([1]));
    await until(() => client.messages.length === 1);
    expect(seen).toEqual(["client string", "container object"]);
    expect(client.messages).toEqual([new Uint8Array([1]).buffer]);
  });

  it.each([
    [1012, "restart"],
    [1001, "idle"],
  ])("closes both ends with %d, after what was sent before", async (code, reason) => {
    const pair = createPair();
    pair.app.socket.send("last word of the app");
    pair.client.socket.send("last word of the client");
    await until(() => pair.seen.length === 2);
    pair.joined.close(code, reason);
    expect(pair.closings).toBe(1);
    expect(await pair.client.closed).toEqual({ code, reason });
    expect(await pair.app.closed).toEqual({ code, reason });
    expect(pair.client.messages).toEqual(["last word of the app"]);
    expect(pair.app.messages).toEqual(["last word of the client"]);
    expect(pair.closings).toBe(1);
  });

  it("says nothing of messages that come after its end", async () => {
    const pair = createPair();
    pair.joined.close(1012, "");
    pair.container.dispatchEvent(new MessageEvent("message", { data: "late" }));
    expect([pair.seen, pair.closings]).toEqual([[], 1]);
  });

  it.each([1006, 1015, 1004])(
    "tells the client of an app that broke off, %d, by 1011 (scenario 49)",
    async (code) => {
      const pair = createPair();
      pair.container.dispatchEvent(new CloseEvent("close", { code, reason: "" }));
      expect(await pair.client.closed).toEqual({ code: 1011, reason: "" });
      expect(pair.closings).toBe(1);
    },
  );

  it("tells the client of a connection to the app that failed by 1011", async () => {
    const pair = createPair();
    pair.container.dispatchEvent(new ErrorEvent("error"));
    expect(await pair.client.closed).toEqual({ code: 1011, reason: "The other side broke" });
    expect(pair.closings).toBe(1);
  });

  it("tells the app of a client that is gone by 1011", async () => {
    const pair = createPair();
    pair.client.socket.close(1011, "client broke");
    expect(await pair.app.closed).toEqual({ code: 1011, reason: "client broke" });
    await until(() => pair.closings === 1);
  });

  it.each<[string, (pair: Pair) => void]>([
    ["the client closes", ({ client }) => client.socket.close(1000, "")],
    ["the app closes", ({ app }) => app.socket.close(1000, "")],
    [
      "both close",
      ({ client, app }) => (client.socket.close(1000, ""), app.socket.close(3000, "")),
    ],
    ["it is told to", ({ joined }) => joined.close(1012, "")],
    ["it is told twice", ({ joined }) => (joined.close(1012, ""), joined.close(1001, ""))],
    [
      "it is told as the app closes",
      ({ joined, app }) => (app.socket.close(1000, ""), joined.close(1012, "")),
    ],
    [
      "the connection fails, and then ends",
      ({ container }) => {
        container.dispatchEvent(new ErrorEvent("error"));
        container.dispatchEvent(new CloseEvent("close", { code: 1006, reason: "" }));
      },
    ],
  ])("is over once when %s", async (_how, endIt) => {
    const pair = createPair();
    endIt(pair);
    await Promise.all([pair.client.closed, pair.app.closed]);
    await until(() => pair.closings > 0);
    expect(pair.closings).toBe(1);
  });
});
