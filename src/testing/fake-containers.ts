import { FakeContainer } from "./fake-container.ts";
import { installContainer } from "./install-container.ts";

type AnyClass = new (...args: never[]) => object;

/** The fake containers of a class's objects. */
export interface FakeContainers {
  /** The container of one object. */
  of(id: DurableObjectId | string): FakeContainer;
  /** Has objects made without one again. */
  restore(): void;
}

/**
 * Gives every object of a class a fake container, as it is made. For vitest-pool-workers, which
 * knows nothing of the `containers` of a Wrangler configuration: without one a container class
 * cannot even be constructed there.
 *
 * @param objectClass the class as it is deployed; all that share its base class get one
 * @param make makes the container of an object (default: one that answers 200)
 * @example
 * ```ts
 * fakeContainers(MyContainer);
 * await runInDurableObject(env.MY_CONTAINER.getByName("a"), async (_object, ctx) => {
 *   await using box = await simulate(MyContainer, { ctx, app: () => new Response("hi") });
 * });
 * ```
 */
export function fakeContainers(
  objectClass: AnyClass,
  make: (id: string) => FakeContainer = () => new FakeContainer(),
): FakeContainers {
  const containers = new Map<string, FakeContainer>();
  const of = (id: DurableObjectId | string): FakeContainer => {
    const key = id.toString();
    const container = containers.get(key) ?? make(key);
    containers.set(key, container);
    return container;
  };
  const base = baseOf(objectClass);
  const root = Object.getPrototypeOf(base) as new (ctx: DurableObjectState, env: unknown) => object;
  // What `super()` of the base calls is looked up at each construction, so that it can be changed.
  class WithContainer extends root {
    constructor(ctx: DurableObjectState, env: unknown) {
      super("container" in ctx && ctx.container ? ctx : installContainer(ctx, of(ctx.id)), env);
    }
  }
  Object.setPrototypeOf(base, WithContainer);
  return { of, restore: () => void Object.setPrototypeOf(base, root) };
}

/** The class that extends the platform's own. */
function baseOf(objectClass: AnyClass): object {
  let base: object = objectClass;
  for (;;) {
    const parent = Object.getPrototypeOf(base) as object | null;
    if (parent === null || parent === Function.prototype) {
      throw new TypeError(
        `Cannot give ${objectClass.name} a container: it extends no DurableObject`,
      );
    }
    if (Object.getPrototypeOf(parent) === Function.prototype) return base;
    base = parent;
  }
}
