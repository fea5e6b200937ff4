import { describe, expect, it } from "vitest";
import { watchBody } from "../../src/worker/watch-body.ts";
import { until } from "./box.ts";

const KIB = 1_024;
const bytesOf = (text: string): Uint8Array => new TextEncoder().encode(text);
const textOf = (bytes: Uint8Array | undefined): string => new TextDecoder().decode(bytes);

/** A body that a test feeds, in one of the two kinds that the platform has. */
interface Source {
  readonly body: ReadableStream<Uint8Array>;
  send(part: Uint8Array): Promise<unknown>;
  end(): Promise<unknown>;
  break(error: Error): Promise<unknown>;
  /** Whether who reads has left; sends a byte to see it where the platform tells no sooner. */
  hasLeft(): Promise<boolean>;
}

/** As the platform's own, which is read by buffers of the reader's. */
function ownSource(): Source {
  const { readable, writable } = new IdentityTransformStream();
  const writer = writable.getWriter();
  return {
    body: readable,
    send: (part) => writer.write(part),
    end: () => writer.close(),
    break: (error) => writer.abort(error),
    hasLeft: () => {
      const sending = writer.write(bytesOf("?"));
      return Promise.race([
        sending.then(
          () => false,
          () => true,
        ),
        scheduler.wait(5).then(() => false),
      ]);
    },
  };
}

/** As made in JavaScript, which is read by its own parts. */
function scriptSource(): Source {
  let hasLeft = false;
  let controller: ReadableStreamDefaultController<Uint8Array> | undefined;
  const body = new ReadableStream<Uint8Array>({
    start: (own) => void (controller = own),
    cancel: () => void (hasLeft = true),
  });
  return {
    body,
    send: async (part) => controller?.enqueue(part),
    end: async () => controller?.close(),
    break: async (error) => controller?.error(error),
    hasLeft: async () => hasLeft,
  };
}

/** What the owner of a body saw. */
interface Scene {
  readonly source: Source;
  readonly response: Response;
  readonly seen: number[];
  readonly ends: string[];
  readonly works: Promise<unknown>[];
}

function sceneOf(source: Source, headers: HeadersInit = {}, status = 200): Scene {
  const seen: number[] = [];
  const ends: string[] = [];
  const works: Promise<unknown>[] = [];
  const response = watchBody(new Response(source.body, { headers, status }), {
    keepAlive: (work) => void works.push(work),
    onBytes: (sizeBytes) => void seen.push(sizeBytes),
    onDone: () => void ends.push("done"),
    onBroken: () => void ends.push("broken"),
  });
  return { source, response, seen, ends, works };
}

describe.each([
  ["of the platform", ownSource],
  ["of a script", scriptSource],
])("watchBody() with a body %s", (_kind, createSource) => {
  it("passes each part as it comes, and tells its size", async () => {
    const { source, response, seen, ends, works } = sceneOf(createSource());
    const reader = response.body?.getReader();
    for (const part of ["data: 1\n\n", "data: 22\n\n"]) {
      const sending = source.send(bytesOf(part));
      expect(textOf((await reader?.read())?.value)).toBe(part);
      await sending;
    }
    await until(() => seen.length === 2);
    expect(seen).toEqual([9, 10]);
    expect(ends).toEqual([]);
    const ending = source.end();
    expect((await reader?.read())?.done).toBe(true);
    await ending;
    await Promise.all(works);
    expect([works.length, ends]).toEqual([1, ["done"]]);
  });

  it("passes every byte of a long body, through buffers that grow", async () => {
    const parts = [1, 40, 600, 3, 1_200, 500].map((kib, index) =>
      Uint8Array.from({ length: kib * KIB }, (_byte, at) => at * 7 + index + (at >> 8)),
    );
    const { source, response, seen, ends, works } = sceneOf(createSource());
    const feeding = (async () => {
      for (const part of parts) await source.send(part.slice());
      await source.end();
    })();
    const got = await response.bytes();
    await feeding;
    await Promise.all(works);
    const sent = new Uint8Array(await new Blob(parts).arrayBuffer());
    expect(got.byteLength).toBe(sent.byteLength);
    expect(got.every((byte, at) => byte === sent[at])).toBe(true);
    expect(seen.reduce((sum, sizeBytes) => sum + sizeBytes, 0)).toBe(sent.byteLength);
    expect(ends).toEqual(["done"]);
  });

  it("tells of no byte that the client has not taken", async () => {
    const { source, response, seen } = sceneOf(createSource());
    const sending = source.send(bytesOf("a"));
    await scheduler.wait(10);
    expect(seen).toEqual([]);
    const reader = response.body?.getReader();
    await reader?.read();
    await sending;
    await until(() => seen.length === 1);
    await reader?.cancel();
  });

  it("cancels the source when the next part finds the client gone", async () => {
    const { source, response, ends, works } = sceneOf(createSource());
    const reader = response.body?.getReader();
    const sending = source.send(bytesOf("a"));
    await reader?.read();
    await sending;
    await reader?.cancel("enough");
    expect(ends).toEqual([]);
    source.send(bytesOf("b")).catch(() => {});
    await expect.poll(() => source.hasLeft()).toBe(true);
    await Promise.all(works);
    expect(ends).toEqual(["done"]);
  });

  it("cancels the source when the client leaves a part that it did not take", async () => {
    const { source, response, ends, works } = sceneOf(createSource());
    source.send(bytesOf("a")).catch(() => {});
    await scheduler.wait(5);
    await response.body?.cancel("enough");
    await expect.poll(() => source.hasLeft()).toBe(true);
    await Promise.all(works);
    expect(ends).toEqual(["done"]);
  });

  it("fails the client's body when the source breaks", async () => {
    const { source, response, ends, works } = sceneOf(createSource());
    const reader = response.body?.getReader();
    const sending = source.send(bytesOf("half"));
    expect(textOf((await reader?.read())?.value)).toBe("half");
    await sending;
    const next = expect(reader?.read()).rejects.toThrow("cut off");
    await source.break(new Error("cut off"));
    await next;
    await Promise.all(works);
    expect(ends).toEqual(["broken"]);
  });

  it("takes an answer that its client's leaving aborted as done", async () => {
    const { source, response, ends, works } = sceneOf(createSource());
    const body = expect(response.bytes()).rejects.toThrow();
    await source.break(new DOMException("The client has disconnected", "AbortError"));
    await body;
    await Promise.all(works);
    expect(ends).toEqual(["done"]);
  });

  it("keeps a length that the app told", () => keepsLength(createSource(), 1_025));

  it("fails the client's body when it is shorter than the app told", () =>
    failsShortBody(createSource(), 1_025));
});

async function keepsLength(source: Source, kib: number): Promise<void> {
  const { response, ends, works } = sceneOf(source, { "content-length": String(kib * KIB) });
  expect(response.headers.get("content-length")).toBe(String(kib * KIB));
  const body = response.bytes();
  await source.send(new Uint8Array(kib * KIB).fill(7));
  await source.end();
  const got = await body;
  expect([got.byteLength, got.every((byte) => byte === 7)]).toEqual([kib * KIB, true]);
  await Promise.all(works);
  expect([works.length, ends]).toEqual([1, ["done"]]);
}

async function failsShortBody(source: Source, kib: number): Promise<void> {
  const { response, ends, works } = sceneOf(source, { "content-length": String(kib * KIB) });
  const body = expect(response.bytes()).rejects.toThrow();
  await source.send(new Uint8Array(10 * KIB));
  await source.end();
  await body;
  await Promise.all(works);
  expect(ends).toHaveLength(1);
}

// The platform pipes no stream of its own making into another: here a script's stands for an app's.
describe("watchBody() with a body of up to 1 MiB", () => {
  it.each([17, 1_024])("keeps its length: %d KiB", (kib) => keepsLength(scriptSource(), kib));

  it("fails the client's body when it is shorter than the app told", () =>
    failsShortBody(scriptSource(), 20));

  it("fails the client's body when the source breaks", async () => {
    const headers = { "content-length": String(20 * KIB) };
    const { source, response, ends, works } = sceneOf(scriptSource(), headers);
    const body = expect(response.bytes()).rejects.toThrow();
    await source.send(new Uint8Array(10 * KIB));
    await source.break(new Error("cut off"));
    await body;
    await Promise.all(works);
    expect(ends).toEqual(["broken"]);
  });
});

describe("watchBody()", () => {
  it("hands a short body of known length on as it is", () => {
    const headers = { "content-length": String(16 * KIB) };
    const { source, response, ends, works } = sceneOf(ownSource(), headers);
    expect(response.body).toBe(source.body);
    expect([ends, works]).toEqual([["done"], []]);
  });

  it("hands an answer without a body on as it is", () => {
    const ends: string[] = [];
    const answer = new Response(null, { status: 204 });
    const response = watchBody(answer, {
      keepAlive: () => void ends.push("kept alive"),
      onBytes: () => {},
      onDone: () => void ends.push("done"),
      onBroken: () => {},
    });
    expect(response).toBe(answer);
    expect(ends).toEqual(["done"]);
  });

  it("keeps status and headers, each Set-Cookie of them", () => {
    const headers = new Headers([
      ["set-cookie", "a=1"],
      ["set-cookie", "b=2"],
      ["x-app", "1"],
    ]);
    const { response } = sceneOf(ownSource(), headers, 418);
    expect(response.status).toBe(418);
    expect(response.headers.getSetCookie()).toEqual(["a=1", "b=2"]);
    expect(response.headers.get("x-app")).toBe("1");
  });
});
