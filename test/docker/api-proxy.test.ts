import { once } from "node:events";
import { createServer, request, type IncomingMessage } from "node:http";
import { mkdtemp, rm } from "node:fs/promises";
import { connect } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { text } from "node:stream/consumers";
import { afterAll, beforeAll, expect, it } from "vitest";
import { startApiProxy, type ApiProxy } from "./api-proxy.ts";

const engine = createServer((incoming, response) => {
  const isBridge = incoming.url === "/networks/bridge";
  const network = { Name: "bridge", IPAM: { Config: [{ Subnet: "10.9.0.0/16" }] } };
  response.end(JSON.stringify(isBridge ? network : { path: incoming.url }));
});
engine.on("upgrade", (_request, socket) => {
  socket.write("HTTP/1.1 101 UPGRADED\r\n\r\n");
  socket.pipe(socket);
});

let directory: string;
let proxy: ApiProxy;

beforeAll(async () => {
  directory = await mkdtemp(join(tmpdir(), "berth-proxy-"));
  const socketPath = join(directory, "engine.sock");
  engine.listen(socketPath);
  await once(engine, "listening");
  proxy = await startApiProxy(join(directory, "proxy.sock"), socketPath);
});
afterAll(async () => {
  await proxy[Symbol.asyncDispose]();
  engine.close();
  await rm(directory, { recursive: true });
});

async function ask(path: string): Promise<unknown> {
  const outgoing = request({ socketPath: proxy.socketPath, path, agent: false }).end();
  const [response] = (await once(outgoing, "response")) as [IncomingMessage];
  return JSON.parse(await text(response));
}

it("The bridge has a gateway, and all else is the engine's", async () => {
  expect(await ask("/networks/bridge")).toMatchObject({
    Name: "bridge",
    IPAM: { Config: [{ Subnet: "10.9.0.0/16", Gateway: expect.any(String) }] },
  });
  expect(await ask("/networks/bridges")).toEqual({ path: "/networks/bridges" });
});

it("It knows the snapshots that were taken", async () => {
  const path = "/commit?container=a&pause=true&repo=workerd-snap-1";
  const outgoing = request({ socketPath: proxy.socketPath, method: "POST", path, agent: false });
  const [response] = (await once(outgoing.end(), "response")) as [IncomingMessage];
  expect(JSON.parse(await text(response))).toEqual({ path });
  expect(proxy.snapshots).toEqual(["workerd-snap-1"]);
});

it("A connection that is taken over goes on both ways, to the end of each", async () => {
  const socket = connect({ path: proxy.socketPath, allowHalfOpen: true });
  socket.write("POST /exec/1/start HTTP/1.1\r\nConnection: Upgrade\r\nUpgrade: tcp\r\n");
  socket.write("Host: localhost\r\n\r\n");
  await once(socket, "data");
  socket.end("echo");
  expect(await text(socket)).toBe("echo");
});
