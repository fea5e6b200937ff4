import { classifyRuntimeError, toContainerError } from "../errors/from-runtime.ts";
import { toResponse } from "../errors/to-response.ts";
import type { Lease } from "../core/lease.ts";
import type { ContainerRuntime } from "../ports/container-runtime.ts";
import type { Admission } from "./admission.ts";
import type { Supervisor } from "./supervisor.ts";
import { joinSockets } from "./join-sockets.ts";

/** How bodies and sockets pass: seen by idleness and drain, or handed through unseen. */
export type Traffic = "watched" | "pass-through";

/** Methods that may be sent twice. */
const IDEMPOTENT: ReadonlySet<string> = new Set([
  "GET",
  "HEAD",
  "OPTIONS",
  "PUT",
  "DELETE",
  "TRACE",
]);

/** Below this a body of known length is not watched: less than what a socket's buffers hold. */
const SHORT_BODY_BYTES = 16 * 1_024;

/** What the proxy works with. */
export interface ProxyParts {
  readonly runtime: ContainerRuntime;
  readonly supervisor: Supervisor;
  readonly admission: Admission;
  /** Keeps the object in memory until the work is settled. */
  keepAlive(work: Promise<unknown>): void;
  /** Whether a request's signal has to be named for the container to hear of it. */
  readonly isSignalNamed: boolean;
  /** The user's object: its fields may change at any time. */
  readonly object: { readonly traffic: Traffic; readonly requiredPorts?: readonly number[] };
}

/** A request that got no answer, and the run that it was sent to. */
interface Failure {
  readonly run: number;
  readonly error: unknown;
}

/** Sends requests to the container, starting it when it is not ready. */
export class HttpProxy {
  readonly #parts: ProxyParts;

  constructor(parts: ProxyParts) {
    this.#parts = parts;
  }

  /** Forwards one request; every failure is an answer with a code, never a hang or a throw. */
  async forward(request: Request, port: number): Promise<Response> {
    try {
      if (!this.#isOpen(port)) await this.#admit(request, port);
      const { run } = this.#parts.supervisor.phase;
      const plain = withPlainScheme(request);
      try {
        return await this.#sendOnce(plain, port);
      } catch (error) {
        return await this.#sendAgain(plain, port, { run, error });
      }
    } catch (error) {
      this.#parts.supervisor.suspect();
      return this.fail(error, `proxy to port ${port}`);
    }
  }

  /** Answers in place of the app. The public learns the code; the text goes to the log. */
  fail(error: unknown, action = "answer"): Response {
    const known = toContainerError(error, action);
    if (known.code !== "ABORTED") console.error(known.message);
    return toResponse(known);
  }

  #isOpen(port: number): boolean {
    return this.#parts.admission.isOpen(port) && this.#parts.runtime.running;
  }

  #admit(request: Request, port: number): Promise<void> {
    const ports = new Set([...(this.#parts.object.requiredPorts ?? []), port]);
    return this.#parts.admission.open([...ports], { signal: request.signal });
  }

  /** A request that failed may go once more, after the container answers again. */
  async #sendAgain(request: Request, port: number, { run, error }: Failure): Promise<Response> {
    const code = classifyRuntimeError(error);
    const isUnsent = code === "NOT_LISTENING" || code === "NOT_RUNNING";
    if (isUnsent) this.#parts.admission.distrust(port);
    const isCut = code === "CONNECTION_LOST" && !this.#parts.supervisor.isToldToEnd(run);
    if (!mayRepeat(request, isUnsent, isCut)) throw error;
    await this.#admit(request, port);
    return await this.#sendOnce(request, port);
  }

  async #sendOnce(request: Request, port: number): Promise<Response> {
    const { runtime, supervisor } = this.#parts;
    const lease = supervisor.openLease("request");
    try {
      const init = this.#parts.isSignalNamed ? { signal: request.signal } : undefined;
      const response = await runtime.getTcpPort(port).fetch(request, init);
      return this.#pass(request.method, response, lease);
    } catch (error) {
      supervisor.closeLease(lease);
      throw error;
    }
  }

  #pass(method: string, response: Response, lease: Lease): Response {
    const { supervisor } = this.#parts;
    const isUnwatched = this.#parts.object.traffic === "pass-through" || method === "HEAD";
    if (isUnwatched || isShort(response)) {
      supervisor.closeLease(lease);
      return response;
    }
    if (response.webSocket !== null) return this.#watchSocket(response, response.webSocket, lease);
    if (response.body === null) {
      supervisor.closeLease(lease);
      return response;
    }
    return this.#watchBody(response, response.body, lease);
  }

  /**
   * The platform pipes the body, without a turn of ours per chunk; its end ends the lease. A pipe
   * alone does not keep the object in memory, and its eviction would cut it (measured on workerd).
   */
  #watchBody(response: Response, body: ReadableStream, lease: Lease): Response {
    const { supervisor } = this.#parts;
    supervisor.renewLease(lease, "stream");
    const close = (): void => supervisor.closeLease(lease);
    const broken = (): void => {
      close();
      supervisor.suspect();
    };
    const { readable, writable } = pipeFor(response.headers);
    this.#parts.keepAlive(body.pipeTo(writable).then(close, broken));
    return new Response(readable, response);
  }

  #watchSocket(response: Response, container: WebSocket, lease: Lease): Response {
    const { supervisor } = this.#parts;
    supervisor.renewLease(lease, "socket");
    const client = joinSockets(container, {
      onMessage: () => supervisor.renewLease(lease),
      onClosed: () => {
        supervisor.closeLease(lease);
        supervisor.suspect();
      },
    });
    return new Response(null, { status: 101, webSocket: client, headers: response.headers });
  }
}

/**
 * A request may go again when the app never got it, or when it may run twice; and only without a
 * body, since a body that was offered once is gone. A connection that is cut may have been a pooled
 * one that the app closed in that moment, or the container itself.
 */
function mayRepeat(request: Request, isUnsent: boolean, isCut: boolean): boolean {
  if (request.body !== null) return false;
  return isUnsent || (isCut && IDEMPOTENT.has(request.method));
}

/**
 * A short body of known length is on its way when its headers come, whatever the client does: the
 * sockets hold it. The idle time that begins with the headers covers it, and a pipe would cost as
 * much as half the request.
 */
function isShort(response: Response): boolean {
  if (response.status === 101) return false; // a socket, whatever length its server may name
  const length = response.headers.get("content-length");
  return length !== null && Number(length) <= SHORT_BODY_BYTES;
}

/** Ports of a container speak plain HTTP; nothing but the scheme of the URL changes. */
function withPlainScheme(request: Request): Request {
  const { url } = request;
  if (!url.startsWith("https:")) return request;
  return new Request(`http:${url.slice("https:".length)}`, request);
}

/**
 * A pipe that keeps the length where the app told it, so that the client is told, too. The length
 * of an encoded body counts bytes that the platform has decoded by now.
 */
function pipeFor(headers: Headers): IdentityTransformStream {
  const length = headers.get("content-length");
  const isPlain = length !== null && /^\d{1,15}$/.test(length) && !headers.has("content-encoding");
  return isPlain ? new FixedLengthStream(Number(length)) : new IdentityTransformStream();
}
