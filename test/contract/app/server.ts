// The app in the real container. Bundled into one file, which the image holds.
import { readFileSync, writeFileSync } from "node:fs";
import { createServer, type IncomingMessage, type Server, type ServerResponse } from "node:http";
import { buffer } from "node:stream/consumers";
import { setTimeout as delay } from "node:timers/promises";
import { WebSocketServer } from "ws";
import { answer, onMessage, type AppHost } from "./behaviour.ts";

const APP_PORT = 8080;
const FILE = "/app/kept";
/** Longer than any case: else the server closes a connection just as workerd uses it again. */
const KEEP_ALIVE_MS = 60_000;

const servers = new Map<number, Server>();
const host: AppHost = {
  env: process.env,
  run: crypto.randomUUID(),
  exit: (code) => process.exit(code),
  sleep: (durationMs) => delay(durationMs),
  send: (url) => fetch(url),
  files: { get: readFile, set: (_name, text) => writeFileSync(FILE, text) },
  async setPortOpen(port, isOpen) {
    if (isOpen) return listen(port);
    const server = servers.get(port);
    server?.closeAllConnections();
    await new Promise((resolve) => server?.close(resolve));
  },
};

function readFile(): string | undefined {
  try {
    return readFileSync(FILE, "utf8");
  } catch {
    return undefined; // not written yet
  }
}

async function respond(incoming: IncomingMessage, outgoing: ServerResponse): Promise<void> {
  const { method = "GET", url = "/" } = incoming;
  const body = await buffer(incoming);
  const request = new Request(`http://${incoming.headers.host ?? "app"}${url}`, {
    method,
    headers: Object.entries(incoming.headers).filter(
      (entry): entry is [string, string] => typeof entry[1] === "string",
    ),
    ...(body.length > 0 && { body }),
  });
  const response = await answer(request, host);
  outgoing.writeHead(response.status, Object.fromEntries(response.headers));
  outgoing.flushHeaders();
  for await (const part of response.body ?? []) outgoing.write(part);
  outgoing.end();
}

function listen(port: number): Promise<void> {
  const server = createServer((incoming, outgoing) => void respond(incoming, outgoing));
  server.keepAliveTimeout = KEEP_ALIVE_MS;
  const sockets = new WebSocketServer({ server, path: "/ws" });
  sockets.on("connection", (socket) => {
    socket.on("message", (data) => onMessage(data.toString(), socket));
  });
  servers.set(port, server);
  return new Promise((resolve) => {
    server.listen(port, () => resolve());
  });
}

const termExitCode = process.env["TERM_EXIT_CODE"];
if (termExitCode !== undefined) {
  process.on("SIGTERM", () => process.exit(Number(termExitCode)));
}
void listen(APP_PORT);
