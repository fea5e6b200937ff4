import { openByteSource, type ByteSource } from "../byte-source.ts";

/** A raw connection to a port of the container; streams and functions, so that it crosses RPC. */
export interface TcpConnection {
  /** What the app sends; it ends when the app, or its container, ends the connection. */
  readonly readable: ReadableStream<Uint8Array>;
  /** What is sent to the app; closing it tells the app that no more will come. */
  readonly writable: WritableStream<Uint8Array>;
  /** Resolves when the connection has ended, whoever ended it. */
  closed(): Promise<void>;
  /** Ends the connection. */
  close(): Promise<void>;
}

/**
 * Joins a socket of the runtime to streams for the caller, and sees what goes by. The app's end of
 * what it sends is the end of the connection, as with any socket of the platform.
 *
 * @param onBytes told of each part, either way
 */
export function joinTcp(socket: Socket, onBytes: () => void): TcpConnection {
  const down = new IdentityTransformStream();
  const up = new IdentityTransformStream();
  const over = Promise.withResolvers<void>();
  const toCaller = down.writable.getWriter();
  const toApp = (socket.writable as WritableStream<Uint8Array>).getWriter(); // of bytes by its kind
  const fromCaller = openByteSource(up.readable);
  const finish = (): void => {
    over.resolve();
    toCaller.close().catch(() => {}); // the caller may have left
    void fromCaller.cancel("The connection has ended");
    socket.close().catch(() => {});
  };
  const fromApp = openByteSource(socket.readable as ReadableStream<Uint8Array>);
  void pump(fromApp, toCaller, onBytes).then(finish);
  void pump(fromCaller, toApp, onBytes).then((how) => {
    if (how === "ended") toApp.close().catch(finish);
    else finish();
  });
  return {
    readable: down.readable,
    writable: up.writable,
    closed: () => over.promise,
    close: async () => finish(),
  };
}

async function pump(
  source: ByteSource,
  sink: WritableStreamDefaultWriter<Uint8Array>,
  onBytes: () => void,
): Promise<"ended" | "broken"> {
  try {
    for (let part = await source.read(); part !== undefined; part = await source.read()) {
      onBytes();
      await sink.write(part);
    }
    return "ended";
  } catch {
    return "broken";
  }
}
