import { Container as PeerContainer } from "@cloudflare/containers";
import { DurableObject } from "cloudflare:workers";
import { Container } from "../../src/index.ts";
import { FakeContainer, installContainer } from "../../src/testing.ts";
import { auditStorage } from "./audit-storage.ts";
import type { ColdPlan, ColdStart, Herd, HerdPlan, Kind } from "./fake-port-messages.ts";

const PORT = 8080;

interface Env {
  readonly OURS: DurableObjectNamespace;
  readonly PEER: DurableObjectNamespace;
  readonly FLOOR: DurableObjectNamespace;
}

/** One instance, as the driver sees it: it outlives what the object keeps in memory. */
interface Plan {
  readonly container: FakeContainer;
  /** Resolves when the port opens. */
  opened: Promise<void>;
  onStarts: number;
  /** Names of storage calls that were awaited before the container was started. */
  readonly awaited: string[];
}

const plans = new Map<string, Plan>();

function makePlan(readyAfterMs: number): Plan {
  const plan: Plan = {
    container: new FakeContainer({
      app: () => new Response("ok", { headers: { "Content-Length": "2" } }), // as servers do
      ports: [PORT],
      boot: () => (plan.opened = new Promise((resolve) => setTimeout(resolve, readyAfterMs))),
    }),
    opened: Promise.resolve(),
    onStarts: 0,
    awaited: [],
  };
  return plan;
}

function planOf(ctx: DurableObjectState): Plan {
  const plan = plans.get(ctx.id.toString());
  if (plan === undefined) throw new Error("Cannot make an object that the driver did not plan");
  return plan;
}

/** Gives the object its fake container, and listens to what it awaits of its storage. */
function prepare<State extends DurableObjectState>(ctx: State): State {
  const { container, awaited } = planOf(ctx);
  auditStorage(ctx, (name) => {
    if (container.starts.length === 0) awaited.push(name);
  });
  return installContainer(ctx, container);
}

export class Ours extends Container<Env> {
  override defaultPort = PORT;

  constructor(ctx: DurableObjectState, env: Env) {
    super(prepare(ctx), env);
  }

  override onStart(): void {
    planOf(this.ctx).onStarts += 1;
  }
}

export class Peer extends PeerContainer<Env> {
  override defaultPort = PORT;

  constructor(ctx: DurableObjectState<{}>, env: Env) {
    super(prepare(ctx), env);
  }

  override onStart(): void {
    planOf(this.ctx).onStarts += 1;
  }
}

/** The least that a cold start can cost: it is told when the port opens, then forwards. */
export class Floor extends DurableObject<Env> {
  readonly #plan = planOf(this.ctx);

  override async fetch(request: Request): Promise<Response> {
    if (!this.#plan.container.running) {
      this.#plan.container.start();
      this.#plan.onStarts += 1;
    }
    await this.#plan.opened;
    return await this.#plan.container.getTcpPort(PORT).fetch(request);
  }
}

function namespaceOf(kind: Kind, env: Env): DurableObjectNamespace {
  return { ours: env.OURS, peer: env.PEER, floor: env.FLOOR }[kind];
}

async function startCold(planned: ColdPlan, env: Env): Promise<ColdStart> {
  const { kind, beginAfterMs, readyAfterMs } = planned;
  const namespace = namespaceOf(kind, env);
  const id = namespace.newUniqueId();
  await new Promise((resolve) => setTimeout(resolve, beginAfterMs));
  const plan = makePlan(readyAfterMs);
  plans.set(id.toString(), plan);
  const beganAtMs = Date.now();
  const response = await namespace.get(id).fetch("http://app/");
  if ((await response.text()) !== "ok") throw new Error(`Cannot start: ${response.status}`);
  const tookMs = Date.now() - beganAtMs;
  plans.delete(id.toString());
  return { tookMs, probes: plan.container.probes, awaited: plan.awaited };
}

async function stampede(
  namespace: DurableObjectNamespace,
  readyAfterMs: number,
  count: number,
): Promise<Herd> {
  const id = namespace.newUniqueId();
  const plan = makePlan(readyAfterMs);
  plans.set(id.toString(), plan);
  const stub = namespace.get(id);
  const visit = async (): Promise<boolean> =>
    (await (await stub.fetch("http://app/")).text()) === "ok";
  const beganAtMs = Date.now();
  const outcomes = await Promise.allSettled(Array.from({ length: count }, visit));
  const tookMs = Date.now() - beganAtMs;
  const failures = outcomes.filter((one) => one.status === "rejected" || !one.value).length;
  const { starts, probes } = plan.container;
  return { tookMs, failures, starts: starts.length, onStarts: plan.onStarts, probes };
}

export default {
  async fetch(request: Request, env: Env): Promise<Response> {
    if (new URL(request.url).pathname === "/cold") {
      const planned = await request.json<readonly ColdPlan[]>();
      return Response.json(await Promise.all(planned.map((one) => startCold(one, env))));
    }
    const { kind, readyAfterMs, count } = await request.json<HerdPlan>();
    return Response.json(await stampede(namespaceOf(kind, env), readyAfterMs, count));
  },
} satisfies ExportedHandler<Env>;
