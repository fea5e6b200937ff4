import type { Lease } from "../core/lease.ts";
import { isSocketActivity, type SocketActivity } from "../core/socket-activity.ts";
import type { Clock } from "../ports/clock.ts";
import { joinSockets } from "./join-sockets.ts";
import { OpenSockets } from "./open-sockets.ts";
import type { Supervisor } from "./supervisor.ts";

/** How bodies and sockets pass: seen by idleness and drain, or handed through unseen. */
export type Traffic = "watched" | "pass-through";

/** Below this a body of known length is not watched: less than what a socket's buffers hold. */
const SHORT_BODY_BYTES = 16 * 1_024;

/** Over how long the sockets of a drain are closed at most, in milliseconds. */
const MAX_SPREAD_MS = 10_000;

/** What answers are passed with. */
export interface PasserParts {
  readonly supervisor: Supervisor;
  /** Keeps the object in memory until the work is settled. */
  readonly keepAlive: (work: Promise<unknown>) => void;
  readonly clock: Clock;
  readonly object: { readonly traffic: Traffic; readonly socketActivity: SocketActivity };
}

/** Hands the app's answers to their clients, and knows what of them is still under way. */
export class AnswerPasser {
  readonly #parts: PasserParts;
  readonly #sockets: OpenSockets;

  constructor(parts: PasserParts) {
    this.#parts = parts;
    this.#sockets = new OpenSockets(parts.clock);
  }

  /** Hands an answer on. What of it is still under way keeps the lease open. */
  pass(method: string, response: Response, lease: Lease): Response {
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

  /** Closes the open sockets, so that their clients know whether to come back. */
  closeSockets(code: number): void {
    if (this.#sockets.size === 0) return;
    const spreadMs = Math.min(MAX_SPREAD_MS, this.#parts.supervisor.policy.drainMs / 3);
    const reason = code === 1001 ? "The container goes to sleep" : "The container stops";
    this.#parts.keepAlive(this.#sockets.closeAll({ code, reason, spreadMs }));
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
    const { supervisor, object } = this.#parts;
    supervisor.renewLease(lease, "socket");
    // Where only some messages count, an open socket by itself does not.
    if (object.socketActivity !== "any") lease.ttlMs = 0;
    const sockets = joinSockets(container, {
      onMessage: (message, from) => {
        if (isSocketActivity(object.socketActivity, message, from)) supervisor.renewLease(lease);
      },
      onClosed: () => {
        this.#sockets.remove(sockets);
        supervisor.closeLease(lease);
        supervisor.suspect();
      },
    });
    this.#sockets.add(sockets);
    const { headers } = response;
    return new Response(null, { status: 101, webSocket: sockets.client, headers });
  }
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

/**
 * A pipe that keeps the length where the app told it, so that the client is told, too. The length
 * of an encoded body counts bytes that the platform has decoded by now.
 */
function pipeFor(headers: Headers): IdentityTransformStream {
  const length = headers.get("content-length");
  const isPlain = length !== null && /^\d{1,15}$/.test(length) && !headers.has("content-encoding");
  return isPlain ? new FixedLengthStream(Number(length)) : new IdentityTransformStream();
}
