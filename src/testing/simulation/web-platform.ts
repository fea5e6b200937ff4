import { SimulatedWebSocket, type SocketHost } from "./web-socket-pair.ts";

/** The compatibility flags that the library asks for. */
const FLAGS = { enable_request_signal: true, request_signal_passthrough: true };

/**
 * What Workers have and Node lacks, as globals by name. Where the platform is workerd only the
 * sockets are others, so that their messages come by the world's time.
 */
export function webPlatform(host: SocketHost): Readonly<Record<string, unknown>> {
  const isNode = Reflect.get(globalThis, "WebSocketPair") === undefined;
  const sockets = {
    WebSocketPair: class WebSocketPair {
      constructor() {
        return SimulatedWebSocket.pair(host);
      }
    },
    Response: responseClass(),
  };
  if (!isNode) return sockets;
  return {
    ...sockets,
    Request: requestClass(),
    IdentityTransformStream: TransformStream,
    FixedLengthStream: class FixedLengthStream extends TransformStream {
      constructor(_lengthBytes: number) {
        super();
      }
    },
    Cloudflare: { compatibilityFlags: FLAGS },
  };
}

type Init = ResponseInit & { webSocket?: unknown };

/** A Response that may carry a socket, which only a status of 101 does. */
function responseClass(): unknown {
  // Not fields: the platform's own constructor reads the status before there are any.
  const sockets = new WeakMap<object, unknown>();
  return class Response extends globalThis.Response {
    constructor(body?: BodyInit | null, init: Init = {}) {
      const isUpgrade = init.status === 101;
      super(isUpgrade ? null : body, isUpgrade ? { headers: init.headers ?? {} } : init);
      if (isUpgrade) sockets.set(this, init.webSocket ?? null);
    }

    override get status(): number {
      return sockets.has(this) ? 101 : super.status;
    }

    override get webSocket(): WebSocket | null {
      return (sockets.get(this) ?? null) as WebSocket | null;
    }
  };
}

/**
 * A Request that keeps `cf`, and whose streams need no `duplex`. Its signal is the very one that it
 * was given: Node's own would hold that weakly, so that an abort came or not as memory was swept.
 */
function requestClass(): unknown {
  return class Request extends globalThis.Request {
    readonly #cf: unknown;
    readonly #signal: AbortSignal | undefined;

    constructor(input: RequestInfo | URL, init: RequestInit = {}) {
      const { signal, ...rest } = asInit(init);
      super(input, { ...rest, ...{ duplex: "half" } });
      const source = Object(input) as { readonly cf?: unknown; readonly signal?: AbortSignal };
      this.#cf = init.cf ?? source.cf;
      this.#signal = signal ?? source.signal;
    }

    override get signal(): AbortSignal {
      return this.#signal ?? super.signal;
    }

    override get cf(): IncomingRequestCfProperties {
      return this.#cf as IncomingRequestCfProperties;
    }

    override clone(): Request {
      return new Request(super.clone(), { cf: this.cf, signal: this.signal });
    }
  };
}

/** A request may stand for its own settings, which are no properties of itself. */
function asInit(init: RequestInit): RequestInit {
  if (!(init instanceof globalThis.Request)) return init;
  const { method, headers, body, redirect, signal } = init;
  return { method, headers, body, redirect, signal };
}

/** One signal for several, each held for as long as it lives. */
export function anySignal(signals: Iterable<AbortSignal>): AbortSignal {
  const controller = new AbortController();
  for (const signal of signals) {
    const follow = (): void => controller.abort(signal.reason);
    if (signal.aborted) follow();
    else signal.addEventListener("abort", follow, { once: true });
  }
  return controller.signal;
}
