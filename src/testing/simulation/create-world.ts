import { idOf, SimulatedInstance, type InstanceOptions } from "./simulated-instance.ts";
import type { ObjectClass } from "./simulated-object.ts";
import { World, type WorldOptions } from "./world.ts";

/** A binding for `env`: its stubs reach simulated instances, made when they are first asked for. */
export interface SimulatedNamespace<Instance extends object> {
  /** The binding itself, for `env`. */
  readonly binding: DurableObjectNamespace<undefined>;
  /** The instance of a name. */
  instance(name: string): SimulatedInstance<Instance>;
}

/** A world with as many objects as it takes. */
export class SimulatedWorld extends World {
  /** Gives the globals back, for `await using`. */
  async [Symbol.asyncDispose](): Promise<void> {
    this.close();
  }

  /** Adds one instance. */
  add<Instance extends object>(
    objectClass: ObjectClass<Instance>,
    options: InstanceOptions = {},
  ): SimulatedInstance<Instance> {
    return new SimulatedInstance(this, objectClass, options);
  }

  /** Makes a binding whose instances are all of one class. */
  namespace<Instance extends object>(
    objectClass: ObjectClass<Instance>,
    options: InstanceOptions = {},
  ): SimulatedNamespace<Instance> {
    const instances = new Map<string, SimulatedInstance<Instance>>();
    const instance = (name: string): SimulatedInstance<Instance> => {
      const known = instances.get(name) ?? this.add(objectClass, { ...options, name });
      instances.set(name, known);
      return known;
    };
    const stubOf = (name: string): object => stubProxy(instance(name));
    const binding = {
      idFromName: idOf,
      idFromString: idOf,
      newUniqueId: () => idOf(crypto.randomUUID()),
      get: (id: DurableObjectId) => stubOf(id.toString()),
      getByName: stubOf,
      jurisdiction: () => binding,
    };
    return { binding: binding as unknown as DurableObjectNamespace<undefined>, instance };
  }
}

/**
 * Makes a world for several instances, and for the Worker that calls them: `world.run(() =>
 * worker.fetch(request, { APP: world.namespace(App).binding }))`.
 */
export function createWorld(options: WorldOptions = {}): SimulatedWorld {
  return new SimulatedWorld(options);
}

/** `fetch()` and every method of the class, as a stub has them. */
function stubProxy(instance: SimulatedInstance): object {
  const { stub } = instance;
  const known = { fetch: stub.fetch.bind(stub), id: idOf(instance.host.plan.name) };
  return new Proxy(known, {
    get(target, name): unknown {
      if (name in target || typeof name === "symbol" || name === "then") {
        return Reflect.get(target, name) as unknown;
      }
      return (...args: unknown[]) => stub.call(name, args);
    },
  });
}
