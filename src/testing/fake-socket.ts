import type { FakeRun } from "./fake-run.ts";

/** The two directions of a raw connection, as a server in a fake container sees them. */
export interface FakeConnection {
  readonly readable: ReadableStream<Uint8Array>;
  readonly writable: WritableStream<Uint8Array>;
  /** The port that was connected to. */
  readonly port: number;
}

/** A server that speaks no HTTP. */
export type FakeTcpServer = (connection: FakeConnection) => void | Promise<void>;

/**
 * A raw connection to a fake container. As on workerd a closed port shows only by its end: `opened`
 * resolves, and reading gives nothing.
 */
export function connectFake(
  port: number,
  run: FakeRun | undefined,
  server: FakeTcpServer | undefined,
): Socket {
  const up = new TransformStream<Uint8Array, Uint8Array>();
  const down = new TransformStream<Uint8Array, Uint8Array>();
  const readable = endingWith(run, down.readable);
  const closed = Promise.withResolvers<void>();
  const end = (): void => {
    closed.resolve();
  };
  if (server === undefined) {
    void down.writable.close().catch(() => {});
    void up.readable.cancel().then(end, end);
  } else {
    const connection = { readable: up.readable, writable: down.writable, port };
    void Promise.resolve(server(connection)).then(end, end);
    void run?.ended.then(end);
  }
  return {
    readable,
    writable: up.writable,
    opened: Promise.resolve({ remoteAddress: `10.0.0.1:${port}`, localAddress: "" }),
    closed: closed.promise,
    upgraded: false,
    secureTransport: "off",
    close: async () => {
      await Promise.allSettled([readable.cancel(), up.writable.abort()]);
      end();
    },
    startTls: () => {
      throw new Error("Cannot start TLS: a port of a container speaks plain TCP");
    },
  } as Socket;
}

/** What a server sends, until its container ends: that shows as the end of what is sent. */
function endingWith(
  run: FakeRun | undefined,
  source: ReadableStream<Uint8Array>,
): ReadableStream<Uint8Array> {
  const reader = source.getReader();
  const cut = (run?.ended ?? new Promise<void>(() => {})).then(() => undefined);
  return new ReadableStream<Uint8Array>(
    {
      async pull(controller) {
        const part = await Promise.race([reader.read(), cut]);
        if (part === undefined || part.done) controller.close();
        else controller.enqueue(part.value);
      },
      cancel: (reason) => reader.cancel(reason),
    },
    { highWaterMark: 0 },
  );
}
