import { connect, type Server, type Socket } from "node:net";

import type { EgressRules } from "./pod-message.ts";
import { parseRequestHead, type RequestHead } from "./request-head.ts";
import { joinSockets } from "./tunnel.ts";

/** What the ingress asks of the rest of the pod. */
export interface IngressHandlers {
  /** Puts new egress rules into force; settles when they are. */
  applyEgress(rules: EgressRules): Promise<void>;
  /** Told of a port that was asked for while nothing listened on it. */
  onRefusedPort(port: number): void;
  /** The certificate, as PEM text, by which an app trusts intercepted HTTPS. */
  readCertificate(): Promise<string>;
}

/**
 * Serves the sidecar protocol on a listener that was made outside this network namespace: it accepts
 * connections of the host while `connect()` reaches the container's own loopback.
 */
export function serveIngress(server: Server, handlers: IngressHandlers): void {
  server.on("connection", (client: Socket) => {
    client.allowHalfOpen = true;
    client.setNoDelay(true);
    client.on("error", () => client.destroy());
    readHead(client, Buffer.alloc(0), handlers);
  });
}

function readHead(client: Socket, seen: Buffer, handlers: IngressHandlers): void {
  client.once("data", (chunk: Buffer) => {
    client.pause();
    const bytes = seen.length === 0 ? chunk : Buffer.concat([seen, chunk]);
    const head = parseRequestHead(bytes);
    if (head === "incomplete") readHead(client, bytes, handlers);
    else if (head === "invalid") respond(client, "400 Bad Request", "cannot read the request");
    else dispatch(client, head, handlers);
  });
  client.resume();
}

function dispatch(client: Socket, head: RequestHead, handlers: IngressHandlers): void {
  if (head.method === "CONNECT") openTunnel(client, head, handlers);
  else if (head.method === "PUT" && head.target === "/egress")
    void receiveEgress(client, head, handlers);
  else if (head.method === "GET" && head.target === "/ca")
    void handlers.readCertificate().then((pem) => respond(client, "200 OK", pem));
  else respond(client, "404 Not Found", `no such resource: ${head.method} ${head.target}`);
}

function openTunnel(client: Socket, head: RequestHead, handlers: IngressHandlers): void {
  const authority = head.headers.get("x-dst-addr") ?? head.target;
  const port = Number(authority.slice(authority.lastIndexOf(":") + 1));
  if (!Number.isInteger(port) || port < 1 || port > 65_535)
    return respond(client, "400 Bad Request", `not a port: ${authority}`);
  const upstream = connect({ host: "127.0.0.1", port, allowHalfOpen: true, noDelay: true });
  const refuse = (): void => {
    handlers.onRefusedPort(port);
    respond(client, "400 Bad Request", `nothing listens on port ${port}`);
  };
  upstream.once("error", refuse);
  const abandon = (): unknown => upstream.destroy();
  client.once("close", abandon);
  upstream.once("connect", () => {
    upstream.off("error", refuse);
    client.off("close", abandon);
    client.write("HTTP/1.1 200 OK\r\n\r\n");
    joinSockets(client, upstream, head.rest);
  });
}

async function receiveEgress(
  client: Socket,
  head: RequestHead,
  handlers: IngressHandlers,
): Promise<void> {
  try {
    await handlers.applyEgress(parseEgressRules(await readBody(client, head)));
    respond(client, "204 No Content", "");
  } catch (error) {
    respond(client, "500 Internal Server Error", String(error));
  }
}

function readBody(client: Socket, head: RequestHead): Promise<string> {
  const length = Number(head.headers.get("content-length") ?? Number.NaN);
  return new Promise((resolve, reject) => {
    let body = head.rest;
    const finish = (): void => {
      if (body.length < length) return;
      client.off("data", receive).pause();
      resolve(body.toString("utf8", 0, length));
    };
    const receive = (chunk: Buffer): void => {
      body = Buffer.concat([body, chunk]);
      finish();
    };
    if (!(length <= bodyLimitBytes)) return reject(new Error("Content-Length is missing or large"));
    client.on("data", receive).resume();
    client.once("close", () => reject(new Error("the connection ended early")));
    finish();
  });
}

const bodyLimitBytes = 1_048_576;

/** Reads the body of `PUT /egress`; unknown members are ignored. */
export function parseEgressRules(body: string): EgressRules {
  const value: unknown = JSON.parse(body);
  const port = member(value, "port");
  const names = member(member(value, "dns"), "allowHostnames");
  const isInternetEnabled = member(member(value, "internet"), "enabled");
  return {
    ...(typeof port === "number" ? { port } : {}),
    ...(typeof isInternetEnabled === "boolean" ? { isInternetEnabled } : {}),
    ...(Array.isArray(names)
      ? { allowHostnames: names.filter((name) => typeof name === "string") }
      : {}),
  };
}

function member(value: unknown, name: string): unknown {
  if (typeof value !== "object" || value === null) return undefined;
  return Object.entries(value).find(([key]) => key === name)?.[1];
}

function respond(client: Socket, status: string, body: string): void {
  if (client.destroyed) return;
  const length = status.startsWith("204") ? "" : `Content-Length: ${Buffer.byteLength(body)}\r\n`;
  client.end(`HTTP/1.1 ${status}\r\n${length}Connection: close\r\n\r\n${body}`);
  client.resume();
}
