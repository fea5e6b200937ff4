import { Container as PeerContainer } from "@cloudflare/containers";
import { DurableObject } from "cloudflare:workers";
import { Container } from "../../src/index.ts";
import type { Kind, Orders } from "./real-port-messages.ts";

const PORT = 8080;
const READY_TIMEOUT_MS = 10_000;

/** What all kinds can do. */
interface Bench extends Rpc.DurableObjectBranded {
  fetch(request: Request): Promise<Response>;
  loop(times: number): Promise<void>;
}

interface Env {
  readonly BARE: DurableObjectNamespace<Bare>;
  readonly OURS: DurableObjectNamespace<Bench>;
  readonly PASS_THROUGH: DurableObjectNamespace<Bench>;
  readonly PEER: DurableObjectNamespace<Bench>;
}

/** Asks the object itself, one request after the other. */
async function loopInside(
  object: { fetch(request: Request): Promise<Response> },
  times: number,
): Promise<void> {
  for (let time = 0; time < times; time += 1) {
    await (await object.fetch(new Request("http://app/"))).text();
  }
}

export class Ours extends Container<Env> {
  override defaultPort = PORT;

  loop(times: number): Promise<void> {
    return loopInside(this, times);
  }
}

export class PassThrough extends Ours {
  override traffic = "pass-through" as const;
}

export class Peer extends PeerContainer<Env> {
  override defaultPort = PORT;

  loop(times: number): Promise<void> {
    return loopInside(this, times);
  }
}

/** `ctx.container` and nothing else. */
export class Bare extends DurableObject<Env> {
  override async fetch(request: Request): Promise<Response> {
    return this.#container.getTcpPort(PORT).fetch(request);
  }

  loop(times: number): Promise<void> {
    return loopInside(this, times);
  }

  /** Starts the container unless it runs; resolves with the time to the first answer. */
  async start(options: ContainerStartupOptions = {}): Promise<number> {
    const beganAtMs = Date.now();
    if (!this.#container.running) {
      this.#container.start({ enableInternet: false, ...options });
      // Keeps the object, and with it the container, while nobody asks.
      this.ctx.waitUntil(this.#container.monitor().catch(() => {}));
    }
    for (;;) {
      try {
        await (await this.#container.getTcpPort(PORT).fetch("http://app/")).text();
        return Date.now() - beganAtMs;
      } catch (error) {
        if (Date.now() - beganAtMs > READY_TIMEOUT_MS) throw error;
        await new Promise((resolve) => setTimeout(resolve, 1));
      }
    }
  }

  async destroy(): Promise<void> {
    await this.#container.destroy();
  }

  /** Asks a server on the host's loopback, past the container. */
  async loopOutside(url: string, times: number): Promise<void> {
    for (let time = 0; time < times; time += 1) await (await fetch(url)).text();
  }

  get #container(): NonNullable<DurableObjectState["container"]> {
    const { container } = this.ctx;
    if (container === undefined) throw new Error("Cannot run: the object has no container");
    return container;
  }
}

function stubOf(kind: Kind, env: Env): DurableObjectStub<Bench> {
  const namespaces = {
    bare: env.BARE,
    control: env.BARE,
    ours: env.OURS,
    passThrough: env.PASS_THROUGH,
    peer: env.PEER,
  };
  return namespaces[kind].getByName(kind);
}

/** Sends requests as a Worker does, in so many strands. */
async function askStub(
  stub: DurableObjectStub<Bench>,
  times: number,
  parallel: number,
): Promise<void> {
  const strand = async (): Promise<void> => {
    for (let time = 0; time < times / parallel; time += 1) {
      await (await stub.fetch("http://app/")).text();
    }
  };
  await Promise.all(Array.from({ length: parallel }, strand));
}

async function streamFrom(stub: DurableObjectStub<Bench>, times: number): Promise<void> {
  for (let time = 0; time < times; time += 1) {
    const body = await (await stub.fetch("http://app/mib/1")).arrayBuffer();
    if (body.byteLength !== 1 << 20) throw new Error(`Got ${body.byteLength} bytes`);
  }
}

async function echoWith(stub: DurableObjectStub<Bench>, times: number): Promise<number> {
  const response = await stub.fetch("http://app/echo", { headers: { Upgrade: "websocket" } });
  const socket = response.webSocket;
  if (socket === null) throw new Error(`Cannot open a WebSocket: ${response.status}`);
  socket.accept();
  const beganAtMs = Date.now();
  await new Promise<void>((resolve, reject) => {
    let left = times;
    socket.addEventListener("message", () => {
      left -= 1;
      if (left === 0) resolve();
      else socket.send("a short message");
    });
    socket.addEventListener("close", () => reject(new Error("The WebSocket was closed")));
    socket.send("a short message");
  });
  const tookMs = Date.now() - beganAtMs;
  socket.close(1000);
  return tookMs;
}

async function perform(orders: Orders, env: Env): Promise<number> {
  const { times } = orders;
  const beganAtMs = Date.now();
  switch (orders.what) {
    case "stub":
      await askStub(stubOf(orders.kind, env), times, orders.parallel ?? 1);
      break;
    case "inside":
      await stubOf(orders.kind, env).loop(times);
      break;
    case "stream":
      await streamFrom(stubOf(orders.kind, env), times);
      break;
    case "echo":
      return await echoWith(stubOf(orders.kind, env), times);
    case "outside":
      await env.BARE.getByName("bare").loopOutside(orders.url, times);
      break;
    case "start":
    case "keep":
      return await startOne(orders, env);
  }
  return Date.now() - beganAtMs;
}

async function startOne(
  { what, session, entrypoint }: Extract<Orders, { session: string }>,
  env: Env,
): Promise<number> {
  const stub = env.BARE.getByName(session);
  const tookMs = await stub.start(entrypoint === undefined ? {} : { entrypoint });
  if (what === "start") await stub.destroy();
  return tookMs;
}

export default {
  async fetch(request: Request, env: Env): Promise<Response> {
    const [, path, kind, ...rest] = new URL(request.url).pathname.split("/");
    if (path === "body") {
      const stub = stubOf(kind as Kind, env); // the rig's own word
      return await stub.fetch(`http://app/mib/${rest.join("/")}`);
    }
    return Response.json(await perform(await request.json<Orders>(), env));
  },
} satisfies ExportedHandler<Env>;
