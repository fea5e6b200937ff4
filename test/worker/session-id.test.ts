import { describe, expect, it } from "vitest";
import { sessionId, type SessionOptions } from "../../src/worker/session-id.ts";

function post(
  body: BodyInit,
  type = "application/json",
  headers: Record<string, string> = {},
): Request {
  return new Request("http://app/run", {
    method: "POST",
    body,
    headers: { "content-type": type, ...headers },
  });
}

const inBody: SessionOptions = { from: { json: "session-id" } };

describe("sessionId()", () => {
  it("takes the first source that has a value", async () => {
    const options: SessionOptions = {
      from: [{ header: "session-id" }, { query: "s" }, { path: "/s/:id" }],
    };
    const by = (url: string, headers?: HeadersInit): Promise<string> =>
      sessionId(new Request(url, headers ? { headers } : {}), options).then(({ id }) => id);
    expect(await by("http://app/s/c?s=b", { "session-id": "a" })).toBe("a");
    expect(await by("http://app/s/c?s=b")).toBe("b");
    expect(await by("http://app/s/c")).toBe("c");
  });

  it("reads the JSON body and leaves it for the container", async () => {
    const text = JSON.stringify({ "session-id": "alice", n: 1 });
    const request = post(text, "application/json; charset=utf-8");
    expect(await sessionId(request, inBody)).toMatchObject({ id: "alice", isNew: false });
    expect(request.bodyUsed).toBe(false);
    expect(await request.text()).toBe(text);
  });

  it("reads a streamed body, whose parts may cut a character", async () => {
    const bytes = new TextEncoder().encode(JSON.stringify({ note: "日本", "session-id": "bob" }));
    const { readable, writable } = new IdentityTransformStream();
    const writer = writable.getWriter();
    const written = (async () => {
      for (const byte of bytes) await writer.write(new Uint8Array([byte]));
      await writer.close();
    })();
    const request = post(readable);
    expect((await sessionId(request, inBody)).id).toBe("bob");
    expect(new Uint8Array(await request.arrayBuffer())).toEqual(bytes);
    await written;
  });

  it.each([
    ["is not JSON by its type", post('{"session-id":"a"}', "text/plain"), /not of type/],
    ["is broken", post("{"), /not valid JSON/],
    ["has another key", post('{"id":"a"}'), /JSON key "session-id"; send/],
    ["says that it is too long", post("{}", undefined, { "content-length": "9999999" }), /longer/],
    ["is too long", post(JSON.stringify({ "session-id": "x".repeat(2 ** 20) })), /longer than/],
    ["is empty", new Request("http://app/"), /not of type/],
  ])("finds nothing in a body that %s", async (_name, request, why) => {
    const work = sessionId(request, { from: [{ header: "session-id" }, { json: "session-id" }] });
    await expect(work).rejects.toThrow(
      /^\[INVALID_SESSION\] Cannot find the session of the request: looked in header "session-id", JSON key/,
    );
    await expect(work).rejects.toThrow(why);
    await expect(work).rejects.toMatchObject({ status: 400 });
  });

  it("leaves a body that is too long as it was", async () => {
    const text = JSON.stringify({ "session-id": "a", pad: "x".repeat(200_000) });
    const request = post(text);
    const options: SessionOptions = { ...inBody, maxBodyBytes: 1_000 };
    await expect(sessionId(request, options)).rejects.toThrow("longer than 1000 bytes");
    expect(await request.text()).toBe(text);
  });

  it("says so when the body was read before", async () => {
    const request = post('{"session-id":"a"}');
    await request.text();
    await expect(sessionId(request, inBody)).rejects.toThrow(
      /^\[INVALID_ARGUMENT\].*it has been read/,
    );
  });

  it.each([
    ["a b", undefined, /header "session-id" does not match/],
    ["x".repeat(129), undefined, /has 129 characters; at most 128/],
    ["abc", { maxLength: 2 }, /at most 2/],
    ["abc", { pattern: /^\d+$/ }, /does not match/],
  ])("refuses %j, and does not look further", async (value, rules, why) => {
    const request = new Request("http://app/?s=ok", { headers: { "session-id": value } });
    const from = [{ header: "session-id" }, { query: "s" }];
    const work = sessionId(request, { from, ...rules });
    await expect(work).rejects.toThrow(/^\[INVALID_SESSION\] Cannot use the session/);
    await expect(work).rejects.toThrow(why);
  });

  it("rejects options that cannot work", async () => {
    const request = new Request("http://app/");
    await expect(sessionId(request, { from: [] })).rejects.toThrow("INVALID_ARGUMENT");
    const mint = { cookie: "a b" };
    await expect(sessionId(request, { from: { query: "s" }, mint })).rejects.toThrow(
      "INVALID_ARGUMENT",
    );
    const forever = { cookie: "s", maxAge: "forever" };
    await expect(sessionId(request, { from: { query: "s" }, mint: forever })).rejects.toThrow(
      "INVALID_DURATION",
    );
  });
});

describe("sessionId() with mint", () => {
  const options: SessionOptions = { from: { query: "s" }, mint: { cookie: "sid", maxAge: "7d" } };

  it("makes a session that the next request is known by", async () => {
    const first = await sessionId(new Request("https://app/"), options);
    expect(first.isNew).toBe(true);
    expect(first.id).toMatch(/^[0-9a-f-]{36}$/);
    const response = first.apply(new Response("hi", { status: 201, headers: { a: "b" } }));
    expect([response.status, response.headers.get("a"), await response.text()]).toEqual([
      201,
      "b",
      "hi",
    ]);
    const cookie = response.headers.get("set-cookie") ?? "";
    expect(cookie).toBe(`sid=${first.id}; Path=/; Max-Age=604800; HttpOnly; SameSite=Lax; Secure`);
    const headers = { cookie: cookie.split(";")[0] ?? "" };
    const next = await sessionId(new Request("https://app/", { headers }), options);
    expect(next).toMatchObject({ id: first.id, isNew: false });
    const answer = new Response();
    expect(next.apply(answer)).toBe(answer);
  });

  it("keeps other cookies, and leaves Secure out on plain HTTP", async () => {
    const session = await sessionId(new Request("http://localhost/"), options);
    const response = session.apply(new Response(null, { headers: { "set-cookie": "app=1" } }));
    expect(response.headers.getSetCookie()).toEqual(["app=1", expect.stringContaining("sid=")]);
    expect(response.headers.get("set-cookie")).not.toContain("Secure");
  });

  it("adds the cookie to a WebSocket's response too", async () => {
    const session = await sessionId(new Request("http://localhost/"), options);
    const { 0: client } = new WebSocketPair();
    const response = session.apply(new Response(null, { status: 101, webSocket: client }));
    expect(response.status).toBe(101);
    expect(response.webSocket).toBe(client);
    expect(response.headers.get("set-cookie")).toContain("sid=");
  });

  it("replaces a cookie that breaks the rules, but no other source", async () => {
    const bad = (url: string): Request => new Request(url, { headers: { cookie: "sid=a/b" } });
    expect((await sessionId(bad("http://app/"), options)).isNew).toBe(true);
    await expect(sessionId(bad("http://app/?s=a/b"), options)).rejects.toThrow("INVALID_SESSION");
  });

  it("never makes the same twice", async () => {
    const make = () => sessionId(new Request("http://app/"), options);
    const ids = await Promise.all(Array.from({ length: 100 }, async () => (await make()).id));
    expect(new Set(ids).size).toBe(100);
  });
});
