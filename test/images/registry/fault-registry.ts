import { once } from "node:events";
import { createServer, type IncomingMessage, type ServerResponse } from "node:http";
import type { AddressInfo } from "node:net";

import { digestOf } from "./memory-blobs.ts";

/** A request as a fault sees it. */
export interface Incoming {
  readonly method: string;
  readonly url: string;
  /** How many requests of this method and path came before. */
  readonly earlier: number;
  readonly headers: IncomingMessage["headers"];
}

/** What goes wrong in place of an answer; it is given the request and its answer. */
export type Fault = (request: IncomingMessage, response: ServerResponse) => void | Promise<void>;

/** A registry in memory that does what it is told to do wrong, and keeps a list of what came. */
export class FaultRegistry implements AsyncDisposable {
  readonly blobs = new Map<string, Buffer>();
  readonly manifests = new Map<string, { readonly type: string; readonly bytes: Buffer }>();
  readonly requests: Incoming[] = [];
  /** Decides what goes wrong. */
  fault: (incoming: Incoming) => Fault | undefined = () => undefined;
  /** Headers of the answer that begins an upload. */
  sessionHeaders: Readonly<Record<string, string>> = {};
  readonly #uploads = new Map<string, Buffer[]>();
  readonly #server = createServer((request, response) => {
    this.#handle(request, response).catch(() => response.destroy());
  });
  #count = 0;

  get host(): string {
    return `127.0.0.1:${(this.#server.address() as AddressInfo).port}`;
  }

  static async start(): Promise<FaultRegistry> {
    const registry = new FaultRegistry();
    registry.#server.listen(0, "127.0.0.1");
    await once(registry.#server, "listening");
    return registry;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#server.closeAllConnections();
    this.#server.close();
    await once(this.#server, "close");
  }

  /** "PATCH" or "GET /v2/app/blobs" of the requests so far, without hosts and queries. */
  calls(method: string, part = ""): readonly Incoming[] {
    return this.requests.filter((each) => each.method === method && each.url.includes(part));
  }

  async #handle(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const { method = "", url = "", headers } = request;
    const path = url.split("?", 1)[0] ?? "";
    const earlier = this.requests.filter(
      (each) => each.method === method && each.url.split("?", 1)[0] === path,
    ).length;
    const incoming = { method, url, headers, earlier };
    this.requests.push(incoming);
    const fault = this.fault(incoming);
    if (fault !== undefined) return fault(request, response);
    const [, , kind = "", name = ""] =
      /^\/v2\/(.+)\/(blobs|manifests|tags)\/(.*)$/.exec(path) ?? [];
    if (kind === "manifests") return this.#manifest(request, response, name);
    if (kind === "tags") return answer(response, 200, { tags: [...this.manifests.keys()] });
    if (name.startsWith("uploads/")) return this.#upload(request, response);
    this.#blob(request, response, name);
  }

  async #manifest(request: IncomingMessage, response: ServerResponse, name: string): Promise<void> {
    if (request.method === "PUT") {
      const bytes = await readAll(request);
      const entry = { type: request.headers["content-type"] ?? "", bytes };
      this.manifests.set(name, entry).set(digestOf(bytes), entry);
      response.setHeader("Docker-Content-Digest", digestOf(bytes));
      return answer(response, 201);
    }
    const found = this.manifests.get(name);
    if (found === undefined) return answer(response, 404, errorOf("MANIFEST_UNKNOWN"));
    response.setHeader("Content-Type", found.type);
    response.setHeader("Docker-Content-Digest", digestOf(found.bytes));
    response.setHeader("Content-Length", found.bytes.length);
    response.end(request.method === "HEAD" ? undefined : found.bytes);
  }

  #blob(request: IncomingMessage, response: ServerResponse, digest: string): void {
    const bytes = this.blobs.get(digest);
    if (bytes === undefined) return answer(response, 404, errorOf("BLOB_UNKNOWN"));
    const from = Number(/^bytes=(\d+)-$/.exec(request.headers.range ?? "")?.[1] ?? 0);
    if (from > 0) {
      response.statusCode = 206;
      response.setHeader("Content-Range", `bytes ${from}-${bytes.length - 1}/${bytes.length}`);
    }
    response.setHeader("Content-Length", bytes.length - from);
    response.end(request.method === "HEAD" ? undefined : bytes.subarray(from));
  }

  async #upload(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const url = new URL(request.url ?? "", "http://registry");
    if (request.method === "POST") return this.#begin(url, response);
    const id = url.searchParams.get("id") ?? "";
    const upload = this.#uploads.get(id);
    if (upload === undefined) return answer(response, 404, errorOf("BLOB_UPLOAD_UNKNOWN"));
    if (request.method === "DELETE") {
      this.#uploads.delete(id);
      return answer(response, 204);
    }
    // What came before the connection broke is kept.
    for await (const chunk of request as AsyncIterable<Buffer>) upload.push(chunk);
    const bytes = Buffer.concat(upload);
    if (request.method === "PUT") return this.#finish(url, response, { id, bytes });
    response.setHeader("Location", `${url.pathname}?id=${id}&step=${this.requests.length}`);
    response.setHeader("Range", `0-${Math.max(0, bytes.length - 1)}`);
    answer(response, request.method === "GET" ? 204 : 202);
  }

  #begin(url: URL, response: ServerResponse): void {
    const mounted = url.searchParams.get("mount");
    if (mounted !== null && this.blobs.has(mounted)) return answer(response, 201);
    this.#count += 1;
    this.#uploads.set(String(this.#count), []);
    for (const [name, value] of Object.entries(this.sessionHeaders))
      response.setHeader(name, value);
    response.setHeader("Location", `${url.pathname}?id=${this.#count}`);
    answer(response, 202);
  }

  #finish(url: URL, response: ServerResponse, upload: { id: string; bytes: Buffer }): void {
    this.#uploads.delete(upload.id);
    const digest = url.searchParams.get("digest") ?? "";
    if (digest !== digestOf(upload.bytes)) return answer(response, 400, errorOf("DIGEST_INVALID"));
    this.blobs.set(digest, upload.bytes);
    answer(response, 201);
  }
}

/** The specification's body of an error. */
export function errorOf(code: string, message = "told by the test"): object {
  return { errors: [{ code, message }] };
}

export function answer(response: ServerResponse, status: number, body?: object): void {
  response.statusCode = status;
  if (body === undefined) return void response.end();
  response.setHeader("Content-Type", "application/json");
  response.end(JSON.stringify(body));
}

export async function readAll(request: IncomingMessage): Promise<Buffer> {
  const chunks: Buffer[] = [];
  for await (const chunk of request as AsyncIterable<Buffer>) chunks.push(chunk);
  return Buffer.concat(chunks);
}
