import type { ObjectClass } from "./object-plan.ts";
import { SimulatedDurableObjectNamespace } from "./simulated-binding.ts";
import { SimulatedInstance, type InstanceOptions } from "./simulated-instance.ts";
import { World, type WorldOptions } from "./world.ts";

/** A binding for `env`: its stubs reach simulated instances, made when they are first asked for. */
export interface SimulatedNamespace<Instance extends object> {
  /** The binding itself, for `env`. */
  readonly binding: DurableObjectNamespace<undefined>;
  /** The instance of a name or an id. */
  instance(nameOrId: string | DurableObjectId): SimulatedInstance<Instance>;
  /** Every instance that was asked for, in that order. */
  readonly instances: readonly SimulatedInstance<Instance>[];
  /** Deploys the Worker anew: every object is reset. From then on they may be of another class. */
  deploy(objectClass?: ObjectClass<Instance>): void;
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
    const ids = this.newIds(objectClass.name);
    const binding = new SimulatedDurableObjectNamespace(ids, (id) => instance(id).workerStub);
    const { exportName = objectClass.name } = options;
    const exports = { [exportName]: binding, ...options.exports };
    let latest = objectClass;
    const instance = (nameOrId: string | DurableObjectId): SimulatedInstance<Instance> => {
      const id = typeof nameOrId === "string" ? ids.ofName(nameOrId) : nameOrId;
      const name = id.name ?? id.toString();
      const known =
        instances.get(id.toString()) ?? this.add(latest, { ...options, exports, name, id });
      instances.set(id.toString(), known);
      return known;
    };
    return {
      binding: binding as unknown as DurableObjectNamespace<undefined>,
      instance,
      get instances() {
        return [...instances.values()];
      },
      deploy: (newClass = latest) => {
        latest = newClass;
        for (const one of instances.values()) one.deploy(newClass);
      },
    };
  }
}

/**
 * Makes a world for several instances, and for the Worker that calls them: `world.run(() =>
 * worker.fetch(request, { APP: world.namespace(App).binding }))`.
 */
export function createWorld(options: WorldOptions = {}): SimulatedWorld {
  return new SimulatedWorld(options);
}
