// A Worker whose container keeps a directory in a bucket across its sleep.
import { Container, directory, getContainer } from "../../../src/index.ts";

interface Env {
  readonly KEEPER: DurableObjectNamespace<Keeper>;
  readonly BARE: DurableObjectNamespace<Bare>;
  readonly FILES: R2Bucket;
}

export class Keeper extends Container<Env> {
  override defaultPort = 8080;
  override sleepAfter = "2s";
  override entrypoint = ["node", "/app/app.js"];
  override persist = directory("/data", this.#doomedBucket(), { prefix: "kept" });

  override onError(error: unknown): void {
    const told = this.ctx.storage.kv.get<string[]>("told") ?? [];
    this.ctx.storage.kv.put("told", [...told, String(error)]);
  }

  async told(): Promise<string[]> {
    return this.ctx.storage.kv.get<string[]>("told") ?? [];
  }

  /** The bucket; where the object is doomed, the app is killed as its first part is uploaded. */
  #doomedBucket(): R2Bucket {
    const bucket = this.env.FILES;
    return new Proxy(bucket, {
      get: (target, name) => {
        const member = Reflect.get(target, name) as (...args: unknown[]) => unknown;
        if (name === "createMultipartUpload" && this.ctx.storage.kv.get("isDoomed") === true) {
          this.ctx.storage.kv.delete("isDoomed");
          this.ctx.container?.signal(9);
        }
        return member.bind(target);
      },
    });
  }

  async doom(): Promise<void> {
    this.ctx.storage.kv.put("isDoomed", true);
  }
}

/** Its image has no program but the shell. */
export class Bare extends Keeper {}

const METHODS = ["peek", "listSnapshots", "snapshot", "stop", "told", "doom"] as const;

export default {
  async fetch(request: Request, env: Env): Promise<Response> {
    const { pathname, searchParams } = new URL(request.url);
    const id = searchParams.get("id") ?? "one";
    if (pathname === "/keys") {
      const { objects } = await env.FILES.list();
      return Response.json(objects.map(({ key }) => key));
    }
    const keeper = getContainer(id === "bare" ? env.BARE : env.KEEPER, id);
    const method = METHODS.find((name) => pathname === `/call/${name}`);
    if (method === undefined) return await keeper.fetch(request);
    try {
      const call = Reflect.get(keeper, method) as () => Promise<unknown>;
      return Response.json({ value: (await call()) ?? null });
    } catch (error) {
      return Response.json({ error: String(error) });
    }
  },
} satisfies ExportedHandler<Env>;
