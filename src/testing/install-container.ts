import type { ContainerRuntime } from "../ports/container-runtime.ts";

/**
 * Gives a Durable Object's state a `ctx.container`, so that a `Container` runs on it without a
 * container engine. Works in workerd, where `ctx` of an object that is no container has none, as
 * on any object: the state is changed in place before the base class sees it.
 *
 * The fake must outlive the object, as a container outlives an eviction: keep it by the object's
 * id, outside of the class. In workerd give it commands (`crash()` and the like) from inside of
 * the object, by `runInDurableObject()`: what waits for them belongs to the object.
 *
 * @param ctx the first argument of the object's constructor
 * @param container the fake
 * @returns `ctx` itself
 *
 * @example
 * ```ts
 * const containers = new Map<string, FakeContainer>();
 *
 * export class TestApp extends App {
 *   constructor(ctx: DurableObjectState, env: Env) {
 *     const id = ctx.id.toString();
 *     const container = containers.get(id) ?? new FakeContainer({ app: () => new Response("hi") });
 *     containers.set(id, container);
 *     super(installContainer(ctx, container), env);
 *   }
 * }
 * ```
 */
export function installContainer<T extends object>(ctx: T, container: ContainerRuntime): T {
  return Object.defineProperty(ctx, "container", {
    value: container,
    configurable: true,
  });
}
