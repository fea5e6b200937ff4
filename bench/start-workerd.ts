import { createRequire } from "node:module";
import { bundleWorker } from "./bundle-worker.ts";

/** A Worker in workerd. */
export interface Workerd {
  readonly url: URL;
  /** Has the Worker do what a path and its orders stand for. */
  ask<Answer>(path: string, orders: object): Promise<Answer>;
  [Symbol.asyncDispose](): Promise<void>;
}

/** What to run. */
export interface WorkerdOptions {
  /** A file of bench/workers. */
  readonly file: string;
  /** Its Durable Object classes, by the name of their binding. */
  readonly classes: Readonly<Record<string, string>>;
  /** The Docker engine and the image, when the objects have a `ctx.container`. */
  readonly engine?: { readonly socketPath: string; readonly imageName: string };
}

interface Runtime {
  readonly ready: Promise<URL>;
  dispose(): Promise<void>;
}

type RuntimeClass = new (options: object) => Runtime;

/** Runs a Worker of bench/workers in workerd, the way Wrangler does. */
export async function startWorkerd(options: WorkerdOptions): Promise<Workerd> {
  const contents = await bundleWorker(options.file);
  const Miniflare = loadMiniflare();
  const runtime = new Miniflare({
    port: 0,
    ...toEngine(options),
    workers: [toWorker(options, contents)],
  });
  const url = await runtime.ready;
  return {
    url,
    async ask<Answer>(path: string, orders: object) {
      const body = JSON.stringify(orders);
      const response = await fetch(new URL(path, url), { method: "POST", body });
      if (!response.ok)
        throw new Error(`Cannot ask ${path}: ${response.status} ${await response.text()}`);
      return (await response.json()) as Answer; // both ends are files of this folder
    },
    [Symbol.asyncDispose]: () => runtime.dispose(),
  };
}

/** The Miniflare that Wrangler brings: it is no dependency of this package. */
function loadMiniflare(): RuntimeClass {
  const wrangler = createRequire(import.meta.url).resolve("wrangler/package.json");
  const loaded: unknown = createRequire(wrangler)("miniflare");
  if (typeof loaded === "object" && loaded !== null && "Miniflare" in loaded) {
    const { Miniflare } = loaded;
    if (typeof Miniflare === "function") return Miniflare as RuntimeClass;
  }
  throw new Error("Cannot find Miniflare in what wrangler brings: run npm ci");
}

function toEngine({ engine }: WorkerdOptions): object {
  if (engine === undefined) return {};
  const socketPath = `unix://${engine.socketPath}`;
  const containerEgressInterceptorImage = "cloudflare/proxy-everything:1";
  return { containerEngine: { localDocker: { socketPath, containerEgressInterceptorImage } } };
}

function toWorker({ classes, engine }: WorkerdOptions, contents: string): object {
  const env: Record<string, object> = {};
  const exports: Record<string, object> = {};
  const container = engine === undefined ? {} : { container: { imageName: engine.imageName } };
  for (const [binding, exportName] of Object.entries(classes)) {
    env[binding] = { type: "durable-object", worker: "bench", exportName };
    exports[exportName] = { type: "durable-object", storage: "sqlite", ...container };
  }
  const modules = { "worker.mjs": { type: "esm", contents } };
  const manifest = { mainModule: "worker.mjs", modules };
  const compatibilityFlags = ["enable_request_signal", "request_signal_passthrough"];
  const compatibility = { compatibilityDate: "2026-08-01", compatibilityFlags };
  return { config: { name: "bench", ...compatibility, manifest, env, exports } };
}
