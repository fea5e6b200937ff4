import { registerHooks } from "node:module";
import type { ObjectClass, WatchedContainer } from "./virtual-object.ts";

/** A fake container that tells whether it runs. */
export interface IdleContainer extends WatchedContainer {
  readonly running: boolean;
}

/** What the rig runs, loaded for Node. */
export interface IdleClasses {
  readonly ours: ObjectClass;
  readonly peer: ObjectClass;
  readonly FakeContainer: new (options: object) => IdleContainer;
}

/**
 * Loads classes that are written for Workers into Node: `cloudflare:workers` is a file of ours, and
 * the peer's relative imports get the extension that only bundlers do without.
 */
export async function loadClasses(): Promise<IdleClasses> {
  const hooks = registerHooks({
    resolve(specifier, context, next) {
      if (specifier === "cloudflare:workers") {
        return next(new URL("cloudflare-workers.ts", import.meta.url).href, context);
      }
      const isPeer = context.parentURL?.includes("/@cloudflare/containers/") === true;
      const isBare = specifier.startsWith(".") && !specifier.endsWith(".js");
      return next(isPeer && isBare ? `${specifier}.js` : specifier, context);
    },
  });
  try {
    const library = await load(new URL("../../src/index.ts", import.meta.url).href);
    const peer = await load(import.meta.resolve("@cloudflare/containers"));
    const testing = await load(new URL("../../src/testing.ts", import.meta.url).href);
    return {
      ours: classOf(library, "Container") as ObjectClass,
      peer: classOf(peer, "Container") as ObjectClass,
      FakeContainer: classOf(testing, "FakeContainer") as IdleClasses["FakeContainer"],
    };
  } finally {
    hooks.deregister();
  }
}

/** By a computed name, since the types of Workers and those of Node do not go together. */
async function load(url: string): Promise<unknown> {
  return (await import(url)) as unknown;
}

function classOf(module: unknown, name: string): unknown {
  const member: unknown =
    typeof module === "object" && module !== null ? Reflect.get(module, name) : undefined;
  if (typeof member === "function") return member;
  throw new Error(`Cannot find class ${name}`);
}
