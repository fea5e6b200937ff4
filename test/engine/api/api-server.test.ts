import { once } from "node:events";
import { buffer } from "node:stream/consumers";

import fc from "fast-check";
import { afterEach, beforeEach, describe, expect, it } from "vitest";

import { startApi, type ApiFixture } from "./fakes/api-fixture.ts";

let api: ApiFixture;
beforeEach(async () => {
  api = await startApi();
});
afterEach(() => api[Symbol.asyncDispose]());

async function sendRaw(text: string): Promise<string> {
  const socket = await api.open();
  socket.end(text);
  return (await buffer(socket)).toString();
}

describe("createApiServer()", () => {
  it.each([
    ["no HTTP at all", "nonsense\r\n\r\n"],
    ["invalid JSON", "POST /containers/create HTTP/1.1\r\nHost: l\r\nContent-Length: 1\r\n\r\n{"],
    ["a JSON list", "POST /containers/create HTTP/1.1\r\nHost: l\r\nContent-Length: 2\r\n\r\n[]"],
    ["a bad escape in the path", "GET /containers/%ff/json HTTP/1.1\r\nHost: l\r\n\r\n"],
    ["no Host", "GET /_ping HTTP/1.1\r\n\r\n"],
    ["two lengths", "GET / HTTP/1.1\r\nHost: l\r\nContent-Length: 1\r\nContent-Length: 2\r\n\r\n"],
  ])("answers 400 to %s", async (_what, text) => {
    expect(await sendRaw(text)).toMatch(/^HTTP\/1\.1 400 /);
    expect((await api.send("GET", "/_ping")).status).toBe(200);
  });

  it("answers 404 naming method and path of an unknown endpoint", async () => {
    const { status, json } = await api.send("POST", "/containers/x/pause");
    expect(status).toBe(404);
    expect(json).toMatchObject({
      message: expect.stringContaining("POST /containers/x/pause"),
    });
  });

  it("answers an upgrade request for an ordinary endpoint in the ordinary way", async () => {
    const text = await sendRaw(
      "GET /_ping HTTP/1.1\r\nHost: l\r\nConnection: Upgrade\r\nUpgrade: tcp\r\n\r\n",
    );
    expect(text).toMatch(/^HTTP\/1\.1 200 OK\r\n/);
    expect(text).toMatch(/\r\n\r\nOK$/);
  });

  it.each(["-1", "x", "99999999"])("cuts an upgrade request of length %s", async (length) => {
    const text = await sendRaw(
      `POST /exec/a/start HTTP/1.1\r\nHost: l\r\nConnection: Upgrade\r\nUpgrade: tcp\r\nContent-Length: ${length}\r\n\r\n`,
    );
    expect(text).not.toMatch(/^HTTP\/1\.1 (2|101)/);
    expect((await api.send("GET", "/_ping")).status).toBe(200);
  });

  it("survives clients that leave in the middle of a body", async () => {
    const socket = await api.open();
    socket.write("POST /containers/create HTTP/1.1\r\nHost: l\r\nContent-Length: 99\r\n\r\n{");
    await api.send("GET", "/_ping");
    socket.destroy();
    await once(socket, "close");
    expect((await api.send("GET", "/_ping")).status).toBe(200);
    expect(api.logs).toEqual([]);
  });

  it("survives any bytes", async () => {
    await fc.assert(
      fc.asyncProperty(fc.uint8Array({ maxLength: 200 }), async (bytes) => {
        const socket = await api.open();
        socket.on("error", () => undefined); // the server may cut it before all is written
        socket.end(bytes);
        socket.resume();
        await once(socket, "close");
      }),
      { numRuns: 30 },
    );
    expect((await api.send("GET", "/_ping")).status).toBe(200);
  });

  it("answers 500 and tells the log when something unforeseen fails", async () => {
    await api[Symbol.asyncDispose]();
    api = await startApi({
      overrides: {
        images: {
          list: () => Promise.reject(new Error("disk on fire")),
          get: () => Promise.resolve(undefined),
          tag: () => Promise.resolve(),
          remove: () => Promise.resolve(false),
          commit: () => Promise.reject(new Error("no")),
        },
      },
    });
    const { status, json } = await api.send("GET", "/images/json");
    expect(status).toBe(500);
    expect(json).toEqual({ message: "disk on fire" });
    expect(api.logs).toMatchObject([{ kind: "notice", message: expect.stringContaining("disk") }]);
  });
});
