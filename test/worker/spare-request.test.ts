import { describe, expect, it } from "vitest";
import { dropSpare, spareRequest } from "../../src/worker/spare-request.ts";

const KIB = 1_024;

/** A request as an object gets it, whose length the client told, or did not. */
function post(body: BodyInit, length?: number): Request {
  const headers = length === undefined ? {} : { "content-length": String(length) };
  return new Request("http://app/a?b", { method: "POST", body, headers });
}

const streamOf = (text: string): ReadableStream => new Blob([text]).stream();

describe("spareRequest()", () => {
  it.each(["GET", "POST", "DELETE"])("is the request itself when it has no body: %s", (method) => {
    const request = new Request("http://app/", { method });
    expect(spareRequest(request)).toBe(request);
  });

  it("is a copy with the whole body, once the first was read to its end", async () => {
    const request = post(streamOf("payload"), 7);
    const spare = spareRequest(request);
    expect(await request.text()).toBe("payload");
    expect([spare?.method, spare?.url]).toEqual(["POST", "http://app/a?b"]);
    expect(await spare?.text()).toBe("payload");
  });

  it("is a copy with the whole body, though the first was left midway", async () => {
    const parts = ["one ", "two ", "three"];
    const body = new ReadableStream({
      pull: (own) => {
        const part = parts.shift();
        if (part === undefined) own.close();
        else own.enqueue(new TextEncoder().encode(part));
      },
    });
    const request = post(body, 13);
    const spare = spareRequest(request);
    const reader = request.body?.getReader();
    await reader?.read();
    await reader?.cancel("not listening");
    expect(await spare?.text()).toBe("one two three");
  });

  it.each([
    [0, true],
    [64 * KIB, true],
    [64 * KIB + 1, false],
  ])("with a body of %d bytes there is one: %s", async (length, expected) => {
    const request = post(new Uint8Array(length), length);
    const spare = spareRequest(request);
    expect(spare !== undefined).toBe(expected);
    await request.arrayBuffer();
    dropSpare(request, spare);
  });

  it("is not there for a body of unknown length, nor for one that was read", async () => {
    expect(spareRequest(post(streamOf("x")))).toBeUndefined();
    const read = post("x", 1);
    await read.text();
    expect(spareRequest(read)).toBeUndefined();
  });
});

describe("dropSpare()", () => {
  it("leaves the request as it is", async () => {
    const request = post("payload", 7);
    const spare = spareRequest(request);
    dropSpare(request, spare);
    expect(await request.text()).toBe("payload");
    expect(spare?.bodyUsed).toBe(true);
  });

  it("has nothing to do without a copy, or with one that was sent", async () => {
    const get = new Request("http://app/");
    dropSpare(get, spareRequest(get));
    dropSpare(get, undefined);
    const request = post("payload", 7);
    const spare = spareRequest(request);
    expect(await spare?.text()).toBe("payload");
    dropSpare(request, spare);
    await request.text();
  });
});
