import {
  Agent as HttpAgent,
  request as requestHttp,
  type ClientRequest,
  type IncomingMessage,
} from "node:http";

import { explainNetworkError } from "./explain-network-error.ts";

/** What is sent with a request; opened anew for each try. */
export interface RequestBody {
  readonly sizeBytes: number;
  /** Each piece is asked for once those before have left. */
  open(): Promise<AsyncIterable<Uint8Array> | Uint8Array>;
}

/** One HTTP request. */
export interface ExchangeRequest {
  /** What it is for: "push blob sha256:… to host/app", for the messages of errors. */
  readonly purpose: string;
  readonly method: "DELETE" | "GET" | "HEAD" | "PATCH" | "POST" | "PUT";
  readonly url: URL;
  readonly headers?: Readonly<Record<string, string>>;
  readonly body?: RequestBody | undefined;
  readonly signal?: AbortSignal | undefined;
  /** How long the other side may say nothing and take nothing. */
  readonly silenceMs: number;
}

/** The answer; its body has to be read, or destroyed. */
export interface Answer {
  readonly status: number;
  readonly url: URL;
  readonly purpose: string;
  readonly body: IncomingMessage;
  /** @returns the header's value, the first when it came several times */
  header(name: string): string | undefined;
}

/** Sends requests over connections that are kept. */
export interface Exchange {
  /**
   * @throws {ImageError} REGISTRY_UNREACHABLE when no answer came; a TransientFailure when it may
   *   come the next time; the signal's reason
   */
  send(request: ExchangeRequest): Promise<Answer>;
  /** Closes the connections. */
  close(): void;
}

/** More than transfers at once, for the small requests between them. */
const CONNECTIONS_PER_HOST = 16;

/** Makes what sends requests. */
export function createExchange(): Exchange {
  const http: Transport = { agent: new HttpAgent(agentOptions), request: requestHttp };
  let https: Promise<Transport> | undefined;
  return {
    send: async (request) => {
      if (request.url.protocol === "http:") return sendOnce(request, http);
      return sendOnce(request, await (https ??= openHttps()));
    },
    close: () => {
      http.agent.destroy();
      void https?.then(({ agent }) => agent.destroy());
    },
  };
}

/** What speaks one of the protocols. */
interface Transport {
  readonly agent: HttpAgent;
  readonly request: typeof requestHttp;
}

const agentOptions = {
  keepAlive: true,
  maxSockets: CONNECTIONS_PER_HOST,
  scheduling: "lifo",
} as const;

/** TLS takes long to load, and a registry on the loopback has none. */
async function openHttps(): Promise<Transport> {
  const { Agent, request } = await import("node:https");
  return { agent: new Agent(agentOptions), request };
}

async function sendOnce(request: ExchangeRequest, transport: Transport): Promise<Answer> {
  const { method, url, headers, body, signal, silenceMs } = request;
  signal?.throwIfAborted();
  const content = await body?.open();
  const length = body === undefined ? {} : { "Content-Length": String(body.sizeBytes) };
  const outgoing = transport.request(url, {
    method,
    agent: transport.agent,
    headers: { ...headers, ...length },
    timeout: silenceMs,
    ...(signal !== undefined && { signal }),
  });
  return new Promise((resolve, reject) => {
    const fail = (cause: unknown): void => {
      outgoing.destroy();
      reject(signal?.aborted === true ? signal.reason : explainNetworkError(cause, request));
    };
    outgoing.on("error", fail);
    let current: IncomingMessage | ClientRequest = outgoing;
    outgoing.on("timeout", () => current.destroy(new SilenceError(silenceMs)));
    outgoing.once("response", (message) => {
      current = message;
      // An answer that came before all was sent ends the sending.
      message.once("end", () => void (outgoing.writableFinished || outgoing.destroy()));
      resolve(toAnswer(message, request));
    });
    if (content === undefined || content instanceof Uint8Array) return void outgoing.end(content);
    sendAll(content, outgoing).catch((error: unknown) => {
      outgoing.destroy();
      reject(error as Error); // the blob cannot be read: not the registry's fault
    });
  });
}

/** What goes wrong with the connection is told by its events. */
async function sendAll(content: AsyncIterable<Uint8Array>, outgoing: ClientRequest): Promise<void> {
  for await (const piece of content) if (!(await send(piece, outgoing))) return;
  outgoing.end();
}

/** @returns whether a piece has left; false when the request is over */
function send(piece: Uint8Array, outgoing: ClientRequest): Promise<boolean> {
  return new Promise((resolve) => {
    const onClose = (): void => resolve(false); // what waits for a connection is not called back
    outgoing.once("close", onClose);
    outgoing.write(piece, (error) => {
      outgoing.off("close", onClose);
      resolve(error === null || error === undefined);
    });
  });
}

/** Nothing came and nothing was taken. */
class SilenceError extends Error {
  readonly code = "ETIMEDOUT";

  constructor(silenceMs: number) {
    super(`nothing came for ${silenceMs} ms`);
  }
}

function toAnswer(body: IncomingMessage, { url, purpose }: ExchangeRequest): Answer {
  return {
    status: body.statusCode ?? 0,
    url,
    purpose,
    body,
    header: (name) => {
      const value = body.headers[name];
      return Array.isArray(value) ? value[0] : value;
    },
  };
}
