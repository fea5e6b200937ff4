import type { World } from "../../src/testing/simulation/world.ts";

/** The server in the container, as its clients and its tests see it. */
export class SwarmApp {
  /** How often each request that must not run twice has reached the app, by its id. */
  readonly deliveries = new Map<string, number>();
  /** Requests of clients that came before the app said that it was ready. */
  readonly early: string[] = [];
  /** Until when the app says 503, in milliseconds since the epoch. */
  warmAtMs = 0;
  readonly #world: World;

  constructor(world: World) {
    this.#world = world;
  }

  readonly handle = async (request: Request): Promise<Response> => {
    const id = request.headers.get("x-id");
    const isWarm = this.#world.nowMs >= this.warmAtMs;
    if (id === null) return new Response(null, { status: isWarm ? 200 : 503 });
    if (!isWarm) this.early.push(id);
    if (request.method === "POST") this.deliveries.set(id, (this.deliveries.get(id) ?? 0) + 1);
    const { searchParams, pathname } = new URL(request.url);
    const delayMs = Number(searchParams.get("ms") ?? 0);
    if (request.headers.get("upgrade") === "websocket") return socket();
    if (delayMs > 0) await this.#world.delay(delayMs);
    if (pathname === "/stream")
      return new Response(this.#stream(Number(searchParams.get("parts"))));
    if (pathname === "/fail") return new Response("failed", { status: 500 });
    return new Response(id);
  };

  #stream(parts: number): ReadableStream<Uint8Array> {
    let left = parts;
    return new ReadableStream<Uint8Array>({
      pull: async (controller) => {
        if (left <= 0) return controller.close();
        left -= 1;
        await this.#world.delay(500);
        controller.enqueue(new Uint8Array(64));
      },
    });
  }
}

function socket(): Response {
  const { 0: client, 1: server } = new WebSocketPair();
  server.accept();
  server.addEventListener("message", ({ data }) => server.send(`echo ${String(data)}`));
  return new Response(null, { status: 101, webSocket: client });
}
