import { describe, expect, it } from "vitest";
import { REFERENCE_PORT } from "../../../src/core/readiness/reference-port.ts";
import { tcp } from "../../../src/core/readiness/tcp.ts";
import type { Probe } from "../../../src/core/readiness/readiness-check.ts";
import { probeOf } from "./probe-stand-in.ts";

/** How a port behaves: what reading from a connection to it gives. */
const sockets = {
  closed: () => new ReadableStream({ start: (own) => own.close() }),
  greeting: () => new ReadableStream({ start: (own) => own.enqueue(new Uint8Array(1)) }),
  silent: () => new ReadableStream(),
  cut: () => new ReadableStream({ start: (own) => own.error(new Error("Network lost")) }),
};

/** Only what is read of a socket. */
const socketOf = (kind: keyof typeof sockets): Socket => {
  const part: object = { readable: sockets[kind]() };
  return part as Socket;
};

const notListening = async (): Promise<never> => {
  throw new Error("Container is not listening to port 1");
};

/** A wait of no time, but never before what is settled already. */
const soon = (): Promise<void> => new Promise((resolve) => setTimeout(resolve, 0));

const look = (kind: keyof typeof sockets, parts: Partial<Probe> = {}) =>
  probeOf({ connect: () => socketOf(kind), wait: soon, fetch: notListening, ...parts });

describe("tcp()", () => {
  it.each([
    ["a port that says something", "greeting", true],
    ["a port that waits for the client to begin", "silent", true],
    ["a closed port", "closed", false],
  ] as const)("takes %s (%s) as %s", async (_what, kind, expected) => {
    expect(await tcp(5432)(look(kind))).toBe(expected);
  });

  it("does not decide by a connection that broke", async () => {
    await expect(Promise.resolve(tcp()(look("cut")))).rejects.toThrow("Network lost");
  });

  it("asks no other port when the first look tells", async () => {
    for (const kind of ["greeting", "closed"] as const) {
      const probe = look(kind);
      await tcp()(probe);
      expect(probe.asked).toEqual([]);
    }
  });

  it("believes in silence only when a closed port is told at that moment", async () => {
    const probe = look("silent", {
      fetch: async () => {
        throw new Error("connect(): Container ingress proxy is not running.");
      },
    });
    expect(await tcp()(probe)).toBe(false);
    expect(probe.asked).toEqual([{ path: "/", init: { port: REFERENCE_PORT } }]);
  });

  it("believes in silence when the other port answers, whatever it says", async () => {
    expect(await tcp()(look("silent", { fetch: async () => new Response("hi") }))).toBe(true);
  });

  it("takes a port that says something while the other is asked as open", async () => {
    let greet = (): void => {};
    const readable = new ReadableStream({
      start: (own) => void (greet = () => own.enqueue(new Uint8Array(1))),
    });
    const part: object = { readable };
    const probe = look("silent", {
      connect: () => part as Socket,
      fetch: () => {
        greet();
        return new Promise(() => {});
      },
    });
    expect(await tcp()(probe)).toBe(true);
  });

  it("takes a port that ends after the other was asked as closed", async () => {
    let end = (): void => {};
    const readable = new ReadableStream({ start: (own) => void (end = () => own.close()) });
    const part: object = { readable };
    let waits = 0;
    const probe = look("silent", {
      connect: () => part as Socket,
      wait: () => {
        waits += 1;
        if (waits === 2) end();
        return soon();
      },
    });
    expect(await tcp()(probe)).toBe(false);
  });

  it("takes a port that ends while the other is asked as closed", async () => {
    let end = (): void => {};
    const readable = new ReadableStream({ start: (own) => void (end = () => own.close()) });
    const part: object = { readable };
    const probe = look("silent", {
      connect: () => part as Socket,
      fetch: async () => {
        end();
        return notListening();
      },
    });
    expect(await tcp()(probe)).toBe(false);
  });

  it("connects to its port, or to the default one", async () => {
    const ports: (number | undefined)[] = [];
    const connect = (port?: number): Socket => {
      ports.push(port);
      return socketOf("closed");
    };
    await tcp(5432)(look("closed", { connect }));
    await tcp()(look("closed", { connect }));
    expect(ports).toEqual([5432, undefined]);
  });

  it.each([0, -1, 65_536, 1.5, NaN])("refuses port %d", (port) => {
    expect(() => tcp(port)).toThrow(/^\[INVALID_PORT\] Cannot use tcp\(port\): /);
  });
});
