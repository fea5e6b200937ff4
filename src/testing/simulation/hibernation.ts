import { SimulatedWebSocket } from "./web-socket-pair.ts";

/** What hibernating sockets need of their object. */
export interface HibernationHost {
  readonly nowMs: number;
  /** Calls a handler of the object, which is made for it unless it is in memory. */
  call(handler: string, args: readonly unknown[]): void;
}

interface Accepted {
  readonly socket: SimulatedWebSocket;
  readonly tags: readonly string[];
}

interface RequestResponsePair {
  readonly request: string;
  readonly response: string;
}

const MAX_TAGS = 10;

/** The sockets that an object has accepted, and that outlive its memory. */
export class HibernatingSockets {
  readonly #host: HibernationHost;
  readonly #answeredAt = new WeakMap<object, Date>();
  #accepted: Accepted[] = [];
  #answer: RequestResponsePair | undefined;

  constructor(host: HibernationHost) {
    this.#host = host;
  }

  /** What `ctx` of a life has of them. */
  context(): object {
    return {
      acceptWebSocket: (socket: SimulatedWebSocket, tags: readonly string[] = []) =>
        this.#accept(socket, tags),
      getWebSockets: (tag?: string) =>
        this.#accepted
          .filter(({ tags }) => tag === undefined || tags.includes(tag))
          .map(({ socket }) => socket),
      getTags: (socket: SimulatedWebSocket) => [
        ...(this.#accepted.find((one) => one.socket === socket)?.tags ?? []),
      ],
      setWebSocketAutoResponse: (pair?: RequestResponsePair) => {
        this.#answer = pair;
      },
      getWebSocketAutoResponse: () => this.#answer ?? null,
      getWebSocketAutoResponseTimestamp: (socket: object) => this.#answeredAt.get(socket) ?? null,
      setHibernatableWebSocketEventTimeout: () => {},
      getHibernatableWebSocketEventTimeout: () => null,
    };
  }

  /** Breaks them all, as the loss of their object does. */
  drop(): void {
    for (const { socket } of this.#accepted.splice(0)) socket.drop();
  }

  #accept(socket: SimulatedWebSocket, tags: readonly string[]): void {
    if (tags.length > MAX_TAGS) {
      throw new Error(`a Hibernatable WebSocket cannot have more than ${MAX_TAGS} tags`);
    }
    if (!(socket instanceof SimulatedWebSocket)) {
      throw new TypeError("Cannot accept this WebSocket: it is not of a simulated pair");
    }
    this.#accepted.push({ socket, tags: [...tags] });
    socket.acceptFor((event) => this.#onEvent(socket, event));
  }

  #onEvent(socket: SimulatedWebSocket, event: Event): void {
    if (event.type === "close") {
      this.#accepted = this.#accepted.filter((one) => one.socket !== socket);
      const { code, reason, wasClean } = event as CloseEvent;
      this.#host.call("webSocketClose", [socket, code, reason, wasClean]);
      return;
    }
    const data: unknown = Reflect.get(event, "data");
    if (data === this.#answer?.request) {
      this.#answeredAt.set(socket, new Date(this.#host.nowMs));
      socket.send(this.#answer?.response ?? "");
    } else {
      this.#host.call("webSocketMessage", [socket, data]);
    }
  }
}
