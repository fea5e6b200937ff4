import type { FakeRun } from "./fake-run.ts";

/** What a fake app is told beside the request. */
export interface FakeAppContext {
  /** The port that the request came to. */
  readonly port: number;
  /** Aborts when the container ends: close sockets then. */
  readonly signal: AbortSignal;
}

/** The server in a fake container. */
export type FakeApp = (
  request: Request,
  context: FakeAppContext,
) => Response | Promise<Response>;

/** What a port asks of its container. */
export interface FakePortHost {
  readonly run: () => FakeRun | undefined;
  readonly ports: readonly number[];
  readonly isHanging: () => boolean;
  readonly app: FakeApp;
  readonly count: (what: "probes" | "requests") => void;
}

/** One port of a fake container, as `getTcpPort()` returns it. */
export class FakePort implements Fetcher {
  readonly #port: number;
  readonly #host: FakePortHost;

  constructor(port: number, host: FakePortHost) {
    this.#port = port;
    this.#host = host;
  }

  async fetch(input: RequestInfo | URL, init?: RequestInit): Promise<Response> {
    const request = new Request(input, init);
    if (new URL(request.url).protocol === "https:") {
      throw new Error(
        "Connecting to a container using HTTPS is not currently supported; use HTTP instead.",
      );
    }
    const run = this.#host.run();
    if (!run)
      throw new Error("connect(): Container ingress proxy is not running.");
    return untilAborted(request.signal, this.#answer(run, request));
  }

  /** Not part of the fake: what a Worker sends raw, no app function could answer. */
  connect(): Socket {
    throw new Error(
      "Cannot connect() to a fake container: it answers HTTP and WebSocket only",
    );
  }

  async #answer(run: FakeRun, request: Request): Promise<Response> {
    await run.started;
    if (!run.isListening(this.#port, this.#host.ports)) {
      this.#host.count("probes");
      const error = new Error(
        `Container is not listening to port ${this.#port}`,
      );
      throw Object.assign(error, { retryable: true });
    }
    this.#host.count("requests");
    if (this.#host.isHanging())
      return untilAborted(run.signal, new Promise(() => {}));
    const context = { port: this.#port, signal: run.signal };
    const answer = Promise.resolve(this.#host.app(request, context));
    return breakable(await untilAborted(run.signal, answer), run.signal);
  }
}

/** Cuts the body when the container ends, as its connection would be cut. */
function breakable(response: Response, signal: AbortSignal): Response {
  if (response.body === null) return response;
  const { readable, writable } = new TransformStream<Uint8Array, Uint8Array>();
  // Both ends learn of a cut through the stream itself.
  response.body.pipeTo(writable, { signal }).catch(() => {});
  return new Response(readable, response);
}

function untilAborted<T>(signal: AbortSignal, work: Promise<T>): Promise<T> {
  return new Promise((resolve, reject) => {
    const stop = (): void => reject(signal.reason);
    if (signal.aborted) stop();
    signal.addEventListener("abort", stop);
    work
      .then(resolve, reject)
      .finally(() => signal.removeEventListener("abort", stop));
  });
}
