import { describe, expect, it } from "vitest";
import { http, type HttpCheckOptions } from "../../../src/core/readiness/http.ts";
import { ContainerError } from "../../../src/errors/container-error.ts";
import { probeOf } from "./probe-stand-in.ts";

const answering = (status: number, body?: string | ReadableStream) =>
  probeOf({ fetch: async () => new Response(body ?? null, { status }) });

const isReady = async (options: HttpCheckOptions, status: number, body?: string) =>
  http("/healthz", options)(answering(status, body));

describe("http()", () => {
  it.each([200, 204, 302, 401, 404, 499])("takes %d as ready without a status", async (status) => {
    expect(await isReady({}, status)).toBe(true);
  });

  it.each([500, 502, 503, 504, 599])("takes %d as not yet without a status", async (status) => {
    expect(await isReady({}, status)).toBe(false);
  });

  it.each([
    [200, 200, true],
    [200, 204, false],
    [200, 404, false],
    [503, 503, true],
    [[200, 204], 204, true],
    [[200, 204], 302, false],
    [599, 599, true],
  ])("with status %j takes %d as %s", async (status, found, expected) => {
    expect(await isReady({ status }, found)).toBe(expected);
  });

  it("asks a function about the status", async () => {
    const status = (found: number): boolean => found < 300;
    expect(await isReady({ status }, 299)).toBe(true);
    expect(await isReady({ status }, 300)).toBe(false);
  });

  it.each([
    ["ok", "all ok", true],
    ["ok", "starting", false],
    ["", "", true],
    [/^ready$/m, "first\nready\n", true],
    [/^ready$/, "not ready", false],
  ])("with body %j takes %j as %s", async (body, found, expected) => {
    expect(await isReady({ body }, 200, found)).toBe(expected);
  });

  it("finds the same each time with a global expression", async () => {
    const check = http("/", { body: /ok/g });
    expect(await check(answering(200, "ok"))).toBe(true);
    expect(await check(answering(200, "ok"))).toBe(true);
  });

  it("asks a function about the body, also one that answers later", async () => {
    const body = async (text: string): Promise<boolean> => JSON.parse(text).up === true;
    expect(await isReady({ body }, 200, '{"up":true}')).toBe(true);
    expect(await isReady({ body }, 200, '{"up":false}')).toBe(false);
  });

  it("does not look at the body of another status", async () => {
    expect(await isReady({ body: "ok" }, 500, "ok")).toBe(false);
  });

  it("looks at the first 64 KiB of a body that never ends, and leaves the rest", async () => {
    let isLeft = false;
    const endless = new ReadableStream<Uint8Array>({
      pull: (controller) => controller.enqueue(new Uint8Array(10_000).fill(97)),
      cancel: () => void (isLeft = true),
    });
    const lengths: number[] = [];
    const check = http("/", { body: (text) => lengths.push(text.length) > 0 });
    expect(await check(answering(200, endless))).toBe(true);
    expect(lengths).toEqual([65_536]);
    expect(isLeft).toBe(true);
  });

  it("leaves a body whose first 64 KiB came in one piece, although it goes on", async () => {
    let isLeft = false;
    const open = new ReadableStream<Uint8Array>({
      start: (controller) => controller.enqueue(new Uint8Array(65_536).fill(97)),
      cancel: () => void (isLeft = true),
    });
    expect(await http("/", { body: "aaa" })(answering(200, open))).toBe(true);
    expect(isLeft).toBe(true);
  });

  it("reads a letter whose bytes came in two pieces", async () => {
    const [first, second] = new TextEncoder().encode("\u00e9");
    const torn = new ReadableStream<Uint8Array>({
      start: (controller) => {
        for (const byte of [first, second]) controller.enqueue(Uint8Array.of(byte ?? 0));
        controller.close();
      },
    });
    expect(await http("/", { body: /^\u00e9$/ })(answering(200, torn))).toBe(true);
  });

  it("takes an answer without a body as an empty text", async () => {
    expect(await http("/", { body: /^$/ })(answering(204))).toBe(true);
  });

  it("asks for the path on the default port when told no more", async () => {
    const probe = answering(200);
    await http("/healthz?full=1")(probe);
    expect(probe.asked).toEqual([{ path: "/healthz?full=1", init: {} }]);
  });

  it("asks as it is told", async () => {
    const probe = answering(200);
    const options = { port: 9090, method: "head", headers: { "x-a": "1" }, host: "app.example" };
    await http("/healthz", options)(probe);
    expect(probe.asked[0]?.path).toBe("http://app.example/healthz");
    const { headers, ...rest } = probe.asked[0]?.init ?? {};
    expect(rest).toEqual({ port: 9090, method: "HEAD" });
    expect(Object.fromEntries(new Headers(headers))).toEqual({ "x-a": "1" });
  });

  it.each<[string, HttpCheckOptions, RegExp]>([
    ["healthz", {}, /INVALID_CONFIG.*path "healthz".*use a path such as "\/healthz"/],
    ["http://app/", {}, /INVALID_CONFIG.*path "http:/],
    ["", {}, /INVALID_CONFIG.*path ""/],
    ["/", { status: 99 }, /INVALID_CONFIG.*status 99 .*200 to 599/],
    ["/", { status: 200.5 }, /INVALID_CONFIG.*status 200.5/],
    ["/", { status: 600 }, /INVALID_CONFIG.*status 600/],
    ["/", { status: [200, 0] }, /INVALID_CONFIG.*status 0/],
    ["/", { status: [] }, /INVALID_CONFIG.*empty list/],
    ["/", { port: 0 }, /INVALID_PORT.*port of http\(\): 0/],
    ["/", { method: "GET it" }, /INVALID_CONFIG.*method "GET it".*use a method such as "HEAD"/],
    ["/", { host: "a/b" }, /INVALID_CONFIG.*host "a\/b".*use a name such as "app.example"/],
    ["/", { host: "" }, /INVALID_CONFIG.*host ""/],
    ["/", { host: "a:b" }, /INVALID_CONFIG.*host "a:b"/],
    [
      "/",
      { headers: { "a b": "1" } },
      /INVALID_CONFIG.*headers cannot be sent \(.+\); use names and values that HTTP allows/,
    ],
  ])("refuses http(%j, %j)", (path, options, text) => {
    expect(() => http(path, options)).toThrow(text);
  });

  it("refuses by an error of its own", () => {
    let refusal: unknown;
    try {
      http("healthz");
    } catch (error) {
      refusal = error;
    }
    expect(refusal).toBeInstanceOf(ContainerError); // toThrow() lets `undefined` pass
  });

  it.each([
    [[["/"]], "path"],
    [["/", { status: "200" }], 'status "200"'],
    [["/", { host: ["app"] }], "host"],
    [["/", { body: 5 }], "body 5 cannot be looked for; use a text, a RegExp or a function"],
  ])("refuses http(...%j) of a caller without types", (args, text) => {
    const make = Reflect.apply(http.bind, http, [undefined, ...args]);
    expect(make).toThrow("[INVALID_CONFIG]");
    expect(make).toThrow(text);
  });
});
