import { DurableObject, WorkerEntrypoint } from "cloudflare:workers";
import type { AbilityAnswer, AbilityOrders } from "./abilities-messages.ts";

const PORT = 8080;
const READY_TIMEOUT_MS = 30_000;

interface Env {
  readonly ABLE: DurableObjectNamespace<Able>;
}

type Loopback = (options: { readonly props: object }) => Fetcher;

/** Answers what a container sends to port 80 of anything. */
export class Outbound extends WorkerEntrypoint {
  override async fetch(): Promise<Response> {
    return new Response("ok");
  }
}

/** `ctx.container` and nothing else. */
export class Able extends DurableObject<Env> {
  async obey(orders: AbilityOrders): Promise<AbilityAnswer> {
    const beganAtMs = Date.now();
    const text = await this.#do(orders);
    const tookMs = Date.now() - beganAtMs;
    return text === undefined ? { tookMs } : { tookMs, text };
  }

  async #do(orders: AbilityOrders): Promise<string | undefined> {
    switch (orders.what) {
      case "keep":
        return await this.#keep();
      case "exec":
        for (let time = 0; time < orders.times; time += 1) await this.#exec(orders.argv);
        return undefined;
      case "print":
        return await this.#exec(orders.argv);
      case "snapshot":
        return (await this.#container.snapshotContainer({ name: "bench" })).id;
      case "plain-start":
        return await this.#restart({});
      case "restore":
        return await this.#restart({ containerSnapshot: { id: orders.snapshotId } });
    }
  }

  /** Starts the container, with everything that it sends out coming here. */
  async #keep(): Promise<undefined> {
    const { Outbound: outbound } = this.ctx.exports as unknown as { readonly Outbound: Loopback };
    await this.#container.interceptAllOutboundHttp(outbound({ props: {} }));
    return await this.#start({});
  }

  async #restart(options: ContainerStartupOptions): Promise<undefined> {
    await this.#container.destroy();
    return await this.#start(options);
  }

  async #start(options: ContainerStartupOptions): Promise<undefined> {
    this.#container.start({ enableInternet: false, ...options });
    // Keeps the object, and with it the container, while nobody asks.
    this.ctx.waitUntil(this.#container.monitor().catch(() => {}));
    const untilMs = Date.now() + READY_TIMEOUT_MS;
    for (;;) {
      try {
        await (await this.#container.getTcpPort(PORT).fetch("http://app/")).text();
        return undefined;
      } catch (error) {
        if (Date.now() > untilMs) throw error;
        await new Promise((resolve) => setTimeout(resolve, 1));
      }
    }
  }

  async #exec(argv: readonly string[]): Promise<string> {
    const program = await this.#container.exec([...argv]);
    const { stdout, exitCode } = await program.output();
    if (exitCode !== 0) throw new Error(`${argv.join(" ")} ended with ${exitCode}`);
    return new TextDecoder().decode(stdout);
  }

  get #container(): NonNullable<DurableObjectState["container"]> {
    const { container } = this.ctx;
    if (container === undefined) throw new Error("Cannot run: the object has no container");
    return container;
  }
}

export default {
  async fetch(request: Request, env: Env): Promise<Response> {
    const orders = await request.json<AbilityOrders>();
    return Response.json(await env.ABLE.getByName("able").obey(orders));
  },
} satisfies ExportedHandler<Env>;
