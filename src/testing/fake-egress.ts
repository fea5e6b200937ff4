/** Answers requests as the internet would. */
export type FakeInternet = (request: Request) => Response | Promise<Response>;

/** What lies beyond a fake container. */
export interface FakeEgressGround {
  /** The internet; undefined where there is none. */
  readonly internet: FakeInternet | undefined;
  /** Whether the container may reach it by itself now. */
  readonly isInternetEnabled: () => boolean;
}

/**
 * Where a fake container's outgoing requests go: to the handlers that the object installed, else to
 * the internet, if the container may reach it.
 */
export class FakeEgress {
  readonly #ground: FakeEgressGround;
  readonly #byAddress = new Map<string, Fetcher>();
  #all: Fetcher | undefined;

  constructor(ground: FakeEgressGround) {
    this.#ground = ground;
  }

  /** Which addresses have a handler, `*` for all. */
  get addresses(): readonly string[] {
    return [...this.#byAddress.keys(), ...(this.#all === undefined ? [] : ["*"])];
  }

  intercept(scheme: "http" | "https", address: string, handler: Fetcher): void {
    this.#byAddress.set(`${scheme}://${address}`, handler);
  }

  interceptAll(handler: Fetcher): void {
    this.#all = handler;
  }

  /** Sends a request as a program in the container does. */
  async send(input: Request | string): Promise<Response> {
    const request = new Request(input);
    const { host } = new URL(request.url);
    const handler = this.#handlerOf(new URL(request.url));
    if (handler !== undefined) return await handler.fetch(request);
    const { internet, isInternetEnabled } = this.#ground;
    if (internet !== undefined && isInternetEnabled()) return await internet(request);
    throw new TypeError(`Cannot reach ${host}: no handler takes requests to it`);
  }

  #handlerOf({ protocol, hostname, host }: URL): Fetcher | undefined {
    const scheme = protocol.slice(0, -1);
    const one = (address: string): Fetcher | undefined =>
      this.#byAddress.get(`${scheme}://${address}`);
    return one(host) ?? one(hostname) ?? one("*") ?? (scheme === "http" ? this.#all : undefined);
  }
}
