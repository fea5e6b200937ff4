import { once } from "node:events";
import { connect, createServer, type Socket } from "node:net";
import { askDocker } from "./docker-api.ts";
import { startSidecar } from "./sidecar-start.ts";
import { withGateway, type BridgeNetwork } from "./bridge-gateway.ts";

const HEAD_LIMIT_BYTES = 65_536;
const SIDECAR = /^POST (?:\/v[\d.]+)?\/containers\/([^/]+-proxy)\/start /;
const BRIDGE = /^GET ((?:\/v[\d.]+)?\/networks\/bridge) /;

const COMMIT = /^POST (?:\/v[\d.]+)?\/commit\?\S*?\brepo=([^&\s]+)/;

/** A socket in front of a Docker engine's. */
export interface ApiProxy {
  readonly socketPath: string;
  /** The names of the snapshots that were taken through it. */
  readonly snapshots: readonly string[];
  [Symbol.asyncDispose](): Promise<void>;
}

/**
 * Passes connections on as they are, but for questions about the bridge and starts of sidecars: for
 * each of its requests workerd makes a connection.
 */
export async function startApiProxy(socketPath: string, enginePath: string): Promise<ApiProxy> {
  const sockets = new Set<Socket>();
  const snapshots: string[] = [];
  const hold = (socket: Socket): void => {
    sockets.add(socket);
    socket.once("close", () => sockets.delete(socket));
  };
  const server = createServer({ allowHalfOpen: true }, (client) => {
    hold(client);
    client.on("error", () => client.destroy());
    client.once("data", (chunk: Buffer) => {
      client.pause();
      const head = chunk.toString("latin1", 0, HEAD_LIMIT_BYTES);
      const [bridge, sidecar] = [BRIDGE.exec(head)?.[1], SIDECAR.exec(head)?.[1]];
      const snapshot = COMMIT.exec(head)?.[1];
      if (snapshot !== undefined) snapshots.push(decodeURIComponent(snapshot));
      if (bridge !== undefined) void answerBridge(client, bridge, enginePath);
      else if (sidecar !== undefined) void answerStart(client, sidecar, enginePath);
      else hold(passOn(client, chunk, enginePath));
    });
  });
  server.listen(socketPath);
  await once(server, "listening");
  return {
    socketPath,
    snapshots,
    async [Symbol.asyncDispose]() {
      for (const socket of sockets) socket.destroy();
      server.close();
      await once(server, "close");
    },
  };
}

function passOn(client: Socket, first: Buffer, enginePath: string): Socket {
  const engine = connect({ path: enginePath, allowHalfOpen: true });
  engine.on("error", () => client.destroy());
  engine.on("close", () => client.destroy());
  client.on("close", () => engine.destroy());
  engine.write(first);
  client.pipe(engine);
  engine.pipe(client);
  return engine;
}

async function answerBridge(client: Socket, path: string, enginePath: string): Promise<void> {
  try {
    const network = (await askDocker(enginePath, path)) as BridgeNetwork;
    respond(client, "200 OK", withGateway(network));
  } catch (error) {
    respond(client, "500 Internal Server Error", { message: String(error) });
  }
}

async function answerStart(client: Socket, name: string, enginePath: string): Promise<void> {
  try {
    const status = await startSidecar(enginePath, name);
    if (status >= 400) respond(client, `${status} Refused`, { message: `${name} does not start` });
    else client.end(`HTTP/1.1 ${status} Started\r\nConnection: close\r\n\r\n`);
  } catch (error) {
    respond(client, "500 Internal Server Error", { message: String(error) });
  }
}

function respond(client: Socket, status: string, value: object): void {
  const body = JSON.stringify(value);
  const head = `Content-Type: application/json\r\nContent-Length: ${Buffer.byteLength(body)}`;
  client.end(`HTTP/1.1 ${status}\r\n${head}\r\nConnection: close\r\n\r\n${body}`);
}
