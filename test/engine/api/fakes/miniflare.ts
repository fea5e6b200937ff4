import { createRequire } from "node:module";

/** A running Miniflare, as far as the tests use it. */
export interface Runtime {
  readonly ready: Promise<URL>;
  setOptions(options: object): Promise<void>;
  dispose(): Promise<void>;
}

type MiniflareClass = new (options: object) => Runtime;

/** Starts Miniflare with a Worker of one class, `Raw`, that has containers of the image "app". */
export function startRuntime(socketPath: string, contents: string): Runtime {
  const Miniflare = requireMiniflare();
  const modules = { "worker.mjs": { type: "esm", contents } };
  const container = { imageName: "app" };
  return new Miniflare({
    port: 0,
    containerEngine: {
      localDocker: { socketPath, containerEgressInterceptorImage: "cloudflare/proxy-everything:1" },
    },
    workers: [
      {
        config: {
          name: "w",
          compatibilityDate: "2026-08-01",
          manifest: { mainModule: "worker.mjs", modules },
          env: { RAW: { type: "durable-object", worker: "w", exportName: "Raw" } },
          exports: { Raw: { type: "durable-object", storage: "sqlite", container } },
        },
      },
    ],
  });
}

/** Loads the miniflare that wrangler brings: it is no dependency of this package. */
export function requireMiniflare(): MiniflareClass {
  const wrangler = createRequire(import.meta.url).resolve("wrangler");
  const module: unknown = createRequire(wrangler)("miniflare");
  if (!hasMiniflare(module)) throw new TypeError("Cannot find Miniflare in wrangler's miniflare");
  return module.Miniflare;
}

function hasMiniflare(value: unknown): value is { readonly Miniflare: MiniflareClass } {
  if (typeof value !== "object" || value === null || !("Miniflare" in value)) return false;
  return typeof value.Miniflare === "function";
}
