import { DurableObject } from "cloudflare:workers";
import { Container, ContainerProxy, getContainer, type EgressEvent } from "@berth/containers";

// Where the containers' requests go: without this line no container starts.
export { ContainerProxy };

/** Runs code that nobody trusts: it reaches what is named here, and nothing else. */
export class Agent extends Container<Env> {
  override defaultPort = 4000;
  override egress = {
    default: "deny",
    rules: [{ deny: "secret.internal" }, { allow: ["*.internal", "api.example.com:443"] }],
  } as const;

  // Bindings of the Worker behind names that exist only inside the container.
  static override outboundByHost = {
    "kv.internal": keyValue,
    "bucket.internal": bucket,
    "db.internal": database,
    "counter.internal": counter,
    "api.example.com": api,
  };

  static override onEgress = (event: EgressEvent): void => {
    if (event.outcome === "refused") console.log(`refused ${event.host}:${event.port}`);
  };
}

/** Counts, for all containers together. */
export class Counter extends DurableObject {
  override async fetch(): Promise<Response> {
    const count = (this.ctx.storage.kv.get<number>("count") ?? 0) + 1;
    this.ctx.storage.kv.put("count", count);
    return new Response(`${count}`);
  }
}

async function keyValue(request: Request, env: Env): Promise<Response> {
  const key = nameOf(request);
  if (request.method === "PUT") {
    await env.KV.put(key, await request.text());
    return new Response(null, { status: 204 });
  }
  const value = await env.KV.get(key);
  return new Response(value ?? "no such key", { status: value === null ? 404 : 200 });
}

async function bucket(request: Request, env: Env): Promise<Response> {
  const key = nameOf(request);
  if (request.method === "PUT") {
    await env.BUCKET.put(key, request.body);
    return new Response(null, { status: 204 });
  }
  const object = await env.BUCKET.get(key);
  return object === null
    ? new Response("no such object", { status: 404 })
    : new Response(object.body);
}

async function database(request: Request, env: Env): Promise<Response> {
  const { results } = await env.DB.prepare("SELECT ? AS name").bind(nameOf(request)).all();
  return Response.json(results);
}

function counter(request: Request, env: Env): Promise<Response> {
  return env.COUNTER.getByName("all").fetch(request);
}

/** The container asks as it likes; the token is the Worker's, and stays there. */
async function api(request: Request, env: Env): Promise<Response> {
  const authorized = new Request(request);
  authorized.headers.set("authorization", `Bearer ${env.API_TOKEN}`);
  // In earnest: return await fetch(authorized);
  return new Response(
    authorized.headers.get("authorization") === null ? "anonymous" : "authorized",
  );
}

function nameOf(request: Request): string {
  return new URL(request.url).pathname.slice(1);
}

export default {
  async fetch(request, env) {
    return await getContainer(env.AGENT).fetch(request);
  },
} satisfies ExportedHandler<Env>;

interface Env {
  AGENT: DurableObjectNamespace<Agent>;
  COUNTER: DurableObjectNamespace<Counter>;
  KV: KVNamespace;
  BUCKET: R2Bucket;
  DB: D1Database;
  API_TOKEN: string;
}
