// A Worker whose container keeps its files across sleep.
import { Container, getContainer, snapshot } from "../../../src/index.ts";

interface Env {
  readonly KEEPER: DurableObjectNamespace<Keeper>;
  readonly BUILD: string;
}

export class Keeper extends Container<Env> {
  override defaultPort = 8080;
  override image = "base";
  override instance = "lite" as const;
  override sleepAfter = "2s";
  override expectedBuild = this.env.BUILD;
  override recycle = "drain" as const;
  override persist = snapshot({ keep: 2 });

  override async onBeforeSnapshot(): Promise<void> {
    const port = this.ctx.container?.getTcpPort(8080);
    await (await port?.fetch("http://app/flush"))?.text();
  }

  override onError(error: unknown): void {
    const told = this.ctx.storage.kv.get<string[]>("told") ?? [];
    this.ctx.storage.kv.put("told", [...told, String(error)]);
  }

  async told(): Promise<string[]> {
    return this.ctx.storage.kv.get<string[]>("told") ?? [];
  }
}

const METHODS = ["peek", "listSnapshots", "snapshot", "restore", "start", "stop", "told"] as const;

export default {
  async fetch(request: Request, env: Env): Promise<Response> {
    const { pathname, searchParams } = new URL(request.url);
    const keeper = getContainer(env.KEEPER, searchParams.get("id") ?? "one");
    const method = METHODS.find((name) => pathname === `/call/${name}`);
    if (method === undefined) return await keeper.fetch(request);
    const args = searchParams.has("arg") ? [JSON.parse(searchParams.get("arg") ?? "")] : [];
    try {
      const call = Reflect.get(keeper, method) as (...given: unknown[]) => Promise<unknown>;
      return Response.json({ value: (await call(...args)) ?? null });
    } catch (error) {
      return Response.json({ error: String(error) });
    }
  },
} satisfies ExportedHandler<Env>;
