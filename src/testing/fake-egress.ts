/** Where a fake container's outgoing requests go: to the handlers that the object installed. */
export class FakeEgress {
  readonly #byAddress = new Map<string, Fetcher>();
  #all: Fetcher | undefined;

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

  /** Sends a request as a program in the container does; without a handler it reaches nobody. */
  async send(request: Request): Promise<Response> {
    const { protocol, hostname, host } = new URL(request.url);
    const scheme = protocol.slice(0, -1);
    const handler =
      this.#byAddress.get(`${scheme}://${host}`) ??
      this.#byAddress.get(`${scheme}://${hostname}`) ??
      (scheme === "http" ? this.#all : undefined);
    if (handler !== undefined) return await handler.fetch(request);
    throw new TypeError(`Cannot reach ${host}: no handler takes requests to it`);
  }
}
