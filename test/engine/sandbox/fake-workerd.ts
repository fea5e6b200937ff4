import { once } from "node:events";
import { createServer, type AddressInfo, type Socket } from "node:net";

/** What stands in for workerd's egress listener. */
export interface FakeWorkerd {
  readonly port: number;
  /** The lines of what it was asked, without Host. */
  readonly heads: readonly (readonly string[])[];
  close(): void;
}

/** Answers every question alike, and what then comes with its first line. */
export async function startFakeWorkerd(status: number): Promise<FakeWorkerd> {
  const heads: string[][] = [];
  const server = createServer((socket) => void serve(socket));
  async function serve(socket: Socket): Promise<void> {
    socket.on("error", () => undefined);
    const head = await readHead(socket);
    heads.push(head.split("\r\n").filter((line) => !/^host:/i.test(line)));
    socket.write(`HTTP/1.1 ${status} Answer\r\n\r\n`);
    const [line = ""] = (await readHead(socket)).split("\r\n");
    const answer = `HTTP/1.1 200 OK\r\nConnection: close\r\nContent-Length: ${line.length}\r\n\r\n`;
    socket.end(answer + line);
  }
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  const address: AddressInfo | string | null = server.address();
  const port = typeof address === "object" && address !== null ? address.port : 0;
  return { port, heads, close: () => server.close() };
}

async function readHead(socket: Socket): Promise<string> {
  let text = "";
  for (;;) {
    const end = text.indexOf("\r\n\r\n");
    if (end >= 0) {
      socket.pause();
      socket.unshift(Buffer.from(text.slice(end + 4), "latin1"));
      return text.slice(0, end);
    }
    const chunk: unknown = socket.read() ?? (await once(socket, "readable"), socket.read());
    if (chunk instanceof Buffer) text += chunk.toString("latin1");
    else if (socket.readableEnded || socket.destroyed) return text;
  }
}
