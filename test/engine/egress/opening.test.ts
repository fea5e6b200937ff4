import { once } from "node:events";
import { createServer, Socket, type AddressInfo } from "node:net";
import { connect } from "node:tls";

import fc from "fast-check";
import { describe, expect, it } from "vitest";

import { readServerName } from "../../../src/engine/egress/client-hello.ts";
import { parseOpening } from "../../../src/engine/egress/opening.ts";

/** The first bytes that Node's TLS client sends. */
async function clientHello(servername?: string): Promise<Buffer> {
  const server = createServer();
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  const address: AddressInfo | string | null = server.address();
  const port = typeof address === "object" ? (address?.port ?? 0) : 0;
  const client = connect({ host: "127.0.0.1", port, ...(servername && { servername }) });
  client.on("error", () => undefined);
  const [socket]: unknown[] = await once(server, "connection");
  if (!(socket instanceof Socket)) throw new TypeError("no socket");
  const [bytes]: unknown[] = await once(socket, "data");
  client.destroy();
  server.close();
  return bytes instanceof Buffer ? bytes : Buffer.alloc(0);
}

describe("readServerName()", () => {
  it("reads the name of a real client in lower case, and none when there is none", async () => {
    expect(readServerName(await clientHello("A.Example"))).toEqual({ serverName: "a.example" });
    expect(readServerName(await clientHello())).toEqual({ serverName: "" });
  });

  it("waits for all of a message, and reads one in several records", async () => {
    const hello = await clientHello("a.example");
    for (const size of [1, 5, 100, hello.length - 1])
      expect(readServerName(hello.subarray(0, size))).toBe("incomplete");
    const message = hello.subarray(5);
    const record = (part: Buffer): Buffer =>
      Buffer.concat([Buffer.from([22, 3, 1, part.length >> 8, part.length & 255]), part]);
    const split = Buffer.concat([record(message.subarray(0, 60)), record(message.subarray(60))]);
    expect(readServerName(split)).toEqual({ serverName: "a.example" });
  });

  it("never throws, whatever the bytes", async () => {
    const hello = await clientHello("a.example");
    fc.assert(
      fc.property(fc.nat(hello.length - 1), fc.nat(255), (at, value) => {
        const bytes = Buffer.from(hello);
        bytes.writeUInt8(value, at);
        const read = readServerName(bytes);
        return typeof read === "string" || typeof read.serverName === "string";
      }),
    );
  });
});

describe("parseOpening()", () => {
  it.each([
    ["a host with a port", "GET / HTTP/1.1\r\nHost: a.example:80\r\n\r\n", "a.example:80"],
    ["any method, any case", "PURGE /x HTTP/1.1\r\nhost:\tA.example \r\n\r\n", "A.example"],
    ["an absolute target", "GET http://u@b.example/p HTTP/1.1\r\nHost: a\r\n\r\n", "b.example"],
    ["no host", "GET / HTTP/1.0\r\n\r\n", ""],
    ["an IPv6 address", "GET / HTTP/1.1\r\nHost: [2001:db8::1]\r\n\r\n", "[2001:db8::1]"],
    ["what is no HTTP", "\u0000\u0001binary", ""],
  ])("reads %s", (_case, text, host) => {
    expect(parseOpening(Buffer.from(text, "latin1"))).toEqual({ kind: "plain", host });
  });

  it.each([
    ["waits for a method", "GE", "incomplete"],
    ["waits for a whole head", "GET / HTTP/1.1\r\nHost: a.example\r\n", "incomplete"],
    ["refuses two hosts", "GET / HTTP/1.1\r\nHost: a\r\nHost: b\r\n\r\n", "invalid"],
    ["refuses a hidden line", "GET / HTTP/1.1\r\nHost: a\nX-Tls-Sni: b\r\n\r\n", "invalid"],
    ["refuses a head without an end", `GET /${"x".repeat(140_000)}`, "invalid"],
  ])("%s", (_case, text, answer) => {
    expect(parseOpening(Buffer.from(text, "latin1"))).toBe(answer);
  });

  it("refuses a server name that could be more than a name", async () => {
    const hello = (await clientHello("a-b.example")).toString("latin1");
    const bytes = Buffer.from(hello.replace("a-b.example", "ab\r\nexample"), "latin1");
    expect(parseOpening(bytes)).toBe("invalid");
  });
});
