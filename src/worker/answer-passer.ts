import type { Lease } from "../core/lease.ts";
import { isSocketActivity, type SocketActivity } from "../core/socket-activity.ts";
import type { Clock } from "../ports/clock.ts";
import { joinSockets } from "./join-sockets.ts";
import { OpenSockets } from "./open-sockets.ts";
import type { Supervisor } from "./supervisor.ts";
import { watchBody } from "./watch-body.ts";

/** How bodies and sockets pass: seen by idleness and drain, or handed through unseen. */
export type Traffic = "watched" | "pass-through";

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
    if (this.#parts.object.traffic === "pass-through" || method === "HEAD") {
      this.#parts.supervisor.closeLease(lease);
      return response;
    }
    if (response.webSocket !== null) return this.#watchSocket(response, response.webSocket, lease);
    return this.#watchBody(response, lease);
  }

  /** Closes the open sockets, so that their clients know whether to come back. */
  closeSockets(code: number): void {
    if (this.#sockets.size === 0) return;
    const spreadMs = Math.min(MAX_SPREAD_MS, this.#parts.supervisor.policy.drainMs / 3);
    const reason = code === 1001 ? "The container goes to sleep" : "The container stops";
    this.#parts.keepAlive(this.#sockets.closeAll({ code, reason, spreadMs }));
  }

  #watchBody(response: Response, lease: Lease): Response {
    const { supervisor, keepAlive } = this.#parts;
    const onDone = (): void => supervisor.closeLease(lease);
    return watchBody(response, {
      keepAlive: (work) => {
        supervisor.renewLease(lease, "stream");
        keepAlive(work);
      },
      onBytes: () => supervisor.renewLease(lease),
      onDone,
      onBroken: () => {
        onDone();
        supervisor.suspect();
      },
    });
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
