import { createRequire } from "node:module";

/** A running Miniflare, as far as the tests use it. */
export interface Runtime {
  readonly ready: Promise<URL>;
  setOptions(options: object): Promise<void>;
  dispose(): Promise<void>;
}

type MiniflareClass = new (options: object) => Runtime;

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
