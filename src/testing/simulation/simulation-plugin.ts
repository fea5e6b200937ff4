/** What of a bundler's configuration the plugin reads. */
interface ResolvedConfig {
  readonly plugins: readonly { readonly name: string }[];
}

/** A plugin of Vite, as far as this one goes. */
export interface SimulationPlugin {
  readonly name: string;
  readonly enforce: "pre";
  readonly config: () => object;
  readonly configResolved: (config: ResolvedConfig) => void;
  readonly resolveId: (id: string) => string | undefined;
  readonly load: (id: string) => string | undefined;
}

const MODULE = "cloudflare:workers";
const RESOLVED = "\0berth:cloudflare-workers";

const SOURCE = `
export class DurableObject {
  constructor(ctx, env) {
    this.ctx = ctx;
    this.env = env;
  }
}
export class WorkerEntrypoint {
  constructor(ctx, env) {
    this.ctx = ctx;
    this.env = env;
  }
}
export class RpcTarget {}
export const env = {};
export const exports = {};
export const waitUntil = () => {};
`;

/**
 * A plugin for Vitest in Node that stands in for `cloudflare:workers`, so that classes written for
 * Workers can be simulated. In vitest-pool-workers, which has the real one, it does nothing.
 *
 * @example
 * ```ts
 * // vitest.config.ts
 * export default defineConfig({ plugins: [simulation()] });
 * ```
 */
export function simulation(): SimulationPlugin {
  let isNode = true;
  return {
    name: "berth-simulation",
    enforce: "pre",
    config: () => ({
      test: { server: { deps: { inline: [/@berth\/containers/, /@cloudflare\/containers/] } } },
    }),
    configResolved: ({ plugins }) => {
      isNode = !plugins.some(({ name }) => name.startsWith("@cloudflare/vitest"));
    },
    resolveId: (id) => (isNode && id === MODULE ? RESOLVED : undefined),
    load: (id) => (id === RESOLVED ? SOURCE : undefined),
  };
}
