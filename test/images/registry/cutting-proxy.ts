import { once } from "node:events";
import { connect, createServer, type AddressInfo, type Socket } from "node:net";

/** Stands before a server and breaks connections. */
export interface CuttingProxy extends AsyncDisposable {
  readonly host: string;
  /** How many connections were broken. */
  readonly cutCount: () => number;
}

/**
 * Starts a proxy that breaks the first connections once they carried some bytes of a client.
 *
 * @param cutsAfterBytes one number a connection to break
 */
export async function startCuttingProxy(
  target: string,
  cutsAfterBytes: readonly number[],
): Promise<CuttingProxy> {
  const cuts = [...cutsAfterBytes];
  const sockets = new Set<Socket>();
  const [targetHost = "", targetPort = ""] = target.split(":");
  const server = createServer((client) => {
    const upstream = connect(Number(targetPort), targetHost);
    let passedBytes = 0;
    for (const socket of [client, upstream]) {
      sockets.add(socket);
      socket.on("error", () => undefined); // the other end sees it by the close
      socket.on("close", () => [client, upstream].forEach((each) => each.destroy()));
    }
    client.on("data", (chunk) => {
      passedBytes += chunk.length;
      upstream.write(chunk);
      const limit = cuts[0];
      if (limit === undefined || passedBytes < limit) return;
      cuts.shift();
      upstream.end();
      client.resetAndDestroy();
    });
    upstream.pipe(client);
  });
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  return {
    host: `127.0.0.1:${(server.address() as AddressInfo).port}`,
    cutCount: () => cutsAfterBytes.length - cuts.length,
    async [Symbol.asyncDispose]() {
      for (const socket of sockets) socket.destroy();
      server.close();
      await once(server, "close");
    },
  };
}
