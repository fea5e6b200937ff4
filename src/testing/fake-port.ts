import type { FakeFaults } from "./fake-faults.ts";
import { followRedirects } from "./follow-redirects.ts";
import { connectionLost, type FakeRun } from "./fake-run.ts";
import { connectFake, type FakeTcpServer } from "./fake-socket.ts";

/** What a fake app is told beside the request. */
export interface FakeAppContext {
  /** The port that the request came to. */
  readonly port: number;
  /** Aborts when the container ends: close sockets then. */
  readonly signal: AbortSignal;
}

/** The server in a fake container. */
export type FakeApp = (request: Request, context: FakeAppContext) => Response | Promise<Response>;

/** What a port asks of its container. */
export interface FakePortHost {
  /** The last run, and undefined before the first. */
  readonly run: () => FakeRun | undefined;
  /** Resolves once the platform has started what `start()` asked for. */
  readonly started: () => Promise<unknown>;
  readonly ports: readonly number[];
  readonly isHanging: () => boolean;
  readonly app: FakeApp;
  readonly tcp: FakeTcpServer;
  readonly faults: FakeFaults;
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
        "Connecting to a container using HTTPS is not currently supported; use HTTP instead. TLS is unnecessary anyway, as the connection is already secure by default.",
      );
    }
    const run = this.#host.run();
    if (!run) throw new Error("connect(): Container ingress proxy is not running.");
    const answer = followRedirects(request, (sent) => this.#answer(run, sent));
    return untilAborted(request.signal, answer);
  }

  connect(): Socket {
    const run = this.#host.run();
    const isOpen = run?.isListening(this.#port, this.#host.ports) === true;
    return connectFake(this.#port, run, isOpen ? this.#host.tcp : undefined);
  }

  async #answer(run: FakeRun, request: Request): Promise<Response> {
    await Promise.race([this.#host.started(), run.ended]);
    if (!run.isListening(this.#port, this.#host.ports)) {
      this.#host.count("probes");
      const error = new Error(`Container is not listening to port ${this.#port}`);
      throw Object.assign(error, { retryable: true });
    }
    const cut = this.#host.faults.takeCut();
    if (cut === "before") throw connectionLost();
    this.#host.count("requests");
    if (this.#host.isHanging()) return run.orCut(new Promise(() => {}));
    const answer = this.#host.app(request, new AppContext(this.#port, run));
    const response = await run.orCut(Promise.resolve(answer));
    if (cut === "after") throw connectionLost();
    // HTTP has no way to send a body after HEAD, whatever the app says.
    return breakable(request.method === "HEAD" ? new Response(null, response) : response, run);
  }
}

// Makes the signal when it is asked for: one that aborts is bound to the Durable Object that made
// it, so a test that ends the container from outside would trip over one that nobody wanted.
class AppContext implements FakeAppContext {
  readonly port: number;
  readonly #run: FakeRun;
  #gone: AbortController | undefined;

  constructor(port: number, run: FakeRun) {
    this.port = port;
    this.#run = run;
  }

  get signal(): AbortSignal {
    const gone = this.#gone ?? new AbortController();
    if (!this.#gone) void this.#run.ended.then(() => gone.abort(connectionLost()));
    this.#gone = gone;
    return gone.signal;
  }
}

/** Cuts the body when the container ends, as its connection would be cut. */
function breakable(response: Response, run: FakeRun): Response {
  const drop: unknown = Reflect.get(Object(response.webSocket) as object, "drop");
  // A socket of the simulation breaks with its wire; one of workerd's is its app's to close.
  if (typeof drop === "function")
    void run.ended.then(() => void Reflect.apply(drop, response.webSocket, []));
  if (response.body === null) return response;
  const source: ReadableStream<unknown> = response.body;
  const reader = source.getReader();
  const body = new ReadableStream<Uint8Array>(
    {
      async pull(controller) {
        const { done, value } = await run.orCut(reader.read());
        if (done) controller.close();
        else if (value instanceof Uint8Array) controller.enqueue(value);
        else controller.error(new TypeError("Cannot send the app's body: a part is not bytes"));
      },
      cancel: (reason) => reader.cancel(reason),
    },
    { highWaterMark: 0 },
  );
  return new Response(body, response);
}

function untilAborted<T>(signal: AbortSignal, work: Promise<T>): Promise<T> {
  return new Promise((resolve, reject) => {
    const stop = (): void => reject(signal.reason);
    if (signal.aborted) stop();
    signal.addEventListener("abort", stop);
    work.then(resolve, reject).finally(() => signal.removeEventListener("abort", stop));
  });
}
