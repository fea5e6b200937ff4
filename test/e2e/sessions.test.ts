import { once } from "node:events";
import { request as httpRequest, type IncomingMessage } from "node:http";
import { text } from "node:stream/consumers";
import { describe, expect, it } from "vitest";
import { WebSocket } from "ws";
import { eventually } from "./eventually.ts";
import { useFixtureServer } from "./fixture-server.ts";

const fixture = useFixtureServer();

/** Opens a socket and gives it once it is open. */
async function openSocket(url: string): Promise<WebSocket> {
  const socket = new WebSocket(url.replace("http:", "ws:"), ["chat"]);
  await once(socket, "open");
  return socket;
}

async function nextMessage(socket: WebSocket): Promise<{ data: Buffer; isBinary: boolean }> {
  const [data, isBinary]: unknown[] = await once(socket, "message");
  if (!Buffer.isBuffer(data)) throw new Error("Not a message of one piece");
  return { data, isBinary: isBinary === true };
}

async function closing(socket: WebSocket): Promise<{ code: unknown; reason: string }> {
  const [code, reason]: unknown[] = await once(socket, "close");
  return { code, reason: String(reason) };
}

describe("sessions under berth dev", () => {
  it("have an instance each, all listening on port 4000", async () => {
    const [alice, bob] = await Promise.all([
      fixture.session("App", "alice").identify(),
      fixture.session("App", "bob").identify(),
    ]);
    expect(alice.instance).toMatch(/^[0-9a-f]{64}$/);
    expect(bob.instance).toMatch(/^[0-9a-f]{64}$/);
    expect(alice.instance).not.toBe(bob.instance);
    expect([alice.pid, bob.pid]).toEqual([1, 1]);
  });

  it("keep the state that their instance holds", async () => {
    const [carol, dave] = [fixture.session("App", "carol"), fixture.session("App", "dave")];
    const first = await carol.identify();
    await dave.identify();
    const second = await carol.identify();
    expect(second).toMatchObject({ instance: first.instance, count: first.count + 1 });
  });

  it("are told by a header and by the query alike", async () => {
    const session = fixture.session("App", "erin");
    const byHeader = await session.identify();
    const byQuery: unknown = await (await fetch(session.url("/"))).json();
    expect(byQuery).toMatchObject({ instance: byHeader.instance, count: byHeader.count + 1 });
  });

  it("start once for ten concurrent cold requests", async () => {
    const session = fixture.session("App", "crowd");
    const answers = await Promise.all(Array.from({ length: 10 }, () => session.identify()));
    expect(new Set(answers.map(({ instance }) => instance)).size).toBe(1);
    expect(new Set(answers.map(({ count }) => count)).size).toBe(10);
    expect(await session.seen()).toMatchObject({ starts: 1, stops: [], constructions: 1 });
    const name = answers[0]?.instance.slice(0, 6) ?? "";
    const startLines = fixture.server.output().match(new RegExp(`App ${name}\\] started`, "g"));
    expect(startLines).toHaveLength(1);
  });
});

describe("requests through berth dev", () => {
  it("stream their body both ways", async () => {
    const url = fixture.session("App", "alice").url("/echo");
    const request = httpRequest(url, { method: "POST" });
    request.write("one");
    const [response] = (await once(request, "response")) as [AsyncIterable<Buffer>];
    const chunks = response[Symbol.asyncIterator]();
    const received = [String((await chunks.next()).value)];
    request.write("two"); // only once the echo of the first is here
    received.push(String((await chunks.next()).value));
    request.end("three");
    received.push(String((await chunks.next()).value));
    expect(received).toEqual(["one", "two", "three"]);
    expect((await chunks.next()).done).toBe(true);
  });

  it("are not lost after an answer without a body, the readiness probe's included", async () => {
    const session = fixture.session("App", "bodiless");
    const post = async (): Promise<string> => {
      const response = await fetch(session.url("/echo"), { method: "POST", body: "hello" });
      return `${response.status} ${await response.text()}`;
    };
    expect(await post()).toBe("200 hello"); // the app answers the probe without a body
    expect((await fetch(session.url("/nothing"))).status).toBe(204);
    expect(await post()).toBe("200 hello");
    expect((await fetch(session.url("/"), { method: "HEAD" })).status).toBe(200);
    expect(await post()).toBe("200 hello");
  });

  it("reach the app with their method, path, query, host and body", async () => {
    const url = new URL(fixture.session("App", "alice").url("/echo?a=1&b=%20x&a=2"));
    const request = httpRequest(url, { method: "PUT", headers: { host: "shop.example" } });
    request.end("the body");
    const [response] = (await once(request, "response")) as [IncomingMessage];
    const body = await text(response);
    expect(response.headers["x-method"]).toBe("PUT");
    expect(response.headers["x-url"]).toBe(`/echo${url.search}`);
    expect(response.headers["x-host"]).toBe("shop.example");
    expect(body).toBe("the body");
  });

  it("go to another port by switchPort()", async () => {
    const response = await fixture.session("App", "alice").fetch("/?port=4001");
    expect([response.status, await response.text()]).toEqual([200, "second port"]);
  });

  it("do not obey a port header of the client, nor show it to the app", async () => {
    const response = await fixture
      .session("App", "alice")
      .fetch("/headers", { headers: { "cf-container-target-port": "4001" } });
    const headers: unknown = await response.json();
    expect(headers).toHaveProperty("session-id", "alice");
    expect(headers).not.toHaveProperty("cf-container-target-port");
  });

  it("get 503 with x-berth-error when the container ends before a closed port opens", async () => {
    const session = fixture.session("App", "closed");
    await session.identify();
    const answer = session.fetch("/?port=4999");
    expect(await session.call("waitForPort", "?port=4999")).toBe("PORT_TIMEOUT");
    await session.call("destroy");
    const response = await answer;
    expect(response.status).toBe(503);
    expect(response.headers.get("x-berth-error")).toBe("EXITED");
    expect(await response.json()).toMatchObject({ error: { code: "EXITED", retryable: true } });
  });
});

describe("WebSockets through berth dev", () => {
  it("keep the subprotocol, and carry text and binary messages", async () => {
    const socket = await openSocket(fixture.session("App", "alice").url("/"));
    expect(socket.protocol).toBe("chat");
    socket.send("hello");
    const greeting = await nextMessage(socket);
    expect([greeting.data.toString(), greeting.isBinary]).toEqual(["hello", false]);
    socket.send(Buffer.from([0, 1, 255]));
    const binary = await nextMessage(socket);
    expect([[...binary.data], binary.isBinary]).toEqual([[0, 1, 255], true]);
    socket.close();
    await closing(socket);
  });

  it("close with the app's code and reason", async () => {
    const socket = await openSocket(fixture.session("App", "alice").url("/"));
    socket.send("close 4001");
    expect(await closing(socket)).toEqual({ code: 4001, reason: "as you wish" });
  });

  it("tell the app the client's code and reason", async () => {
    const session = fixture.session("App", "bob");
    const socket = await openSocket(session.url("/"));
    socket.close(4002, "goodbye");
    await closing(socket);
    const lastClose = await eventually(
      async (): Promise<unknown> => (await session.fetch("/last-close")).json(),
      (answer) => answer !== null,
    );
    expect(lastClose).toEqual({ code: 4002, reason: "goodbye" });
  });

  it("do not close normally when the app dies", async () => {
    const session = fixture.session("App", "dying");
    const socket = await openSocket(session.url("/"));
    socket.send("die");
    const { code } = await closing(socket);
    expect([1006, 1011]).toContain(code);
    const { stops } = await session.seenAfterStops(1);
    expect(stops).toMatchObject([{ runId: 1, cause: "exit", exitCode: 9 }]);
  });
});
