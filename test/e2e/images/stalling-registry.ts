import { createServer, request, type IncomingMessage, type ServerResponse } from "node:http";
import type { AddressInfo } from "node:net";

/** A registry that stands still in the middle of a blob. */
export interface StallingRegistry extends AsyncDisposable {
  readonly host: string;
}

/** Starts one that hands on to a real registry all but what moves the bytes of a blob. */
export async function startStallingRegistry(
  upstream: string,
  direction: "download" | "upload",
): Promise<StallingRegistry> {
  const server = createServer((incoming, outgoing) => {
    if (direction === "upload" && /^(PATCH|PUT)/.test(incoming.method ?? "")) {
      if (incoming.url?.includes("/blobs/uploads/") === true)
        return void incoming.once("data", stop);
    }
    handOn(incoming, outgoing, { upstream, isBlobCut: direction === "download" });
  });
  const stop = (): void => undefined; // what comes after the first bytes is not read
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  const { port } = server.address() as AddressInfo;
  return {
    host: `127.0.0.1:${port}`,
    [Symbol.asyncDispose]: async () => {
      server.closeAllConnections();
      await new Promise((resolve) => server.close(resolve));
    },
  };
}

function handOn(
  incoming: IncomingMessage,
  outgoing: ServerResponse,
  { upstream, isBlobCut }: { readonly upstream: string; readonly isBlobCut: boolean },
): void {
  const { url = "/", method, headers } = incoming;
  const target = new URL(url, `http://${upstream}`);
  const own = request(target, { method, headers }, (answer) => {
    outgoing.writeHead(answer.statusCode ?? 500, answer.headers);
    const isLarge = Number(answer.headers["content-length"] ?? 0) > 100_000;
    if (!isBlobCut || !isLarge || method !== "GET") return void answer.pipe(outgoing);
    answer.once("data", (chunk: Buffer) => {
      outgoing.write(chunk.subarray(0, 1000));
      answer.destroy();
    });
  });
  incoming.pipe(own);
}
