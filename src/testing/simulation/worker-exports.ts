import type { World } from "./world.ts";

/** What the entrypoints of a simulated Worker are made with. */
export interface ExportsGround {
  readonly world: World;
  readonly env: object;
}

/** A class of a Worker's entrypoints. */
type EntrypointClass = new (
  ctx: object,
  env: object,
) => {
  fetch(request: Request): Promise<Response>;
};

/**
 * `ctx.exports` of a simulated Worker: of classes of entrypoints the platform makes what is called
 * with props, or fetched from at once. Everything else stays as it is given.
 */
export function workerExports(given: object, ground: ExportsGround): object {
  const exports: Record<string, unknown> = {};
  for (const [name, value] of Object.entries(given)) {
    exports[name] = isEntrypoint(value) ? loopback(value, exports, ground) : value;
  }
  return exports;
}

/** A namespace of Durable Objects is one, too, but of classes of another kind. */
function isEntrypoint(value: unknown): value is EntrypointClass {
  return (
    typeof value === "function" && typeof Reflect.get(prototypeOf(value), "fetch") === "function"
  );
}

function prototypeOf(value: unknown): object {
  return (value as { readonly prototype?: object }).prototype ?? {};
}

function loopback(
  Entrypoint: EntrypointClass,
  exports: object,
  { world, env }: ExportsGround,
): unknown {
  const withProps = ({ props = {} }: { readonly props?: object } = {}): object => ({
    fetch: async (input: RequestInfo, init?: RequestInit): Promise<Response> => {
      const request = new Request(input, init);
      const ctx = { props: structuredClone(props), exports, waitUntil: () => {} };
      return await world.leave(() => new Entrypoint(ctx, env).fetch(request));
    },
  });
  return Object.assign(withProps, withProps());
}
