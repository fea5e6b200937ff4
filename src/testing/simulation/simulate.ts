import type { Duration } from "../../core/duration.ts";
import { FakeContainer, type FakeContainerOptions } from "../fake-container.ts";
import type { Pending } from "./pending.ts";
import { evicted, SimulatedObject, type ObjectClass } from "./simulated-object.ts";
import { SimulatedStub } from "./simulated-stub.ts";
import type { HookCall } from "./watch-hooks.ts";
import { World, type WorldOptions } from "./world.ts";

/** How an instance is simulated. */
export interface InstanceOptions extends FakeContainerOptions {
  /** What the constructor is given as `env` (default: nothing). */
  readonly env?: object;
  /** Name of the object (default: `"simulated"`). */
  readonly name?: string;
  readonly exports?: object;
}

/** How an instance and its world are simulated. */
export type SimulationOptions = InstanceOptions & WorldOptions;

export class SimulatedInstance<Instance extends object = object> {
  readonly world: World;
  readonly container: FakeContainer;
  readonly host: SimulatedObject;
  readonly stub: SimulatedStub;

  constructor(world: World, objectClass: ObjectClass<Instance>, options: InstanceOptions) {
    const { env = {}, name = "simulated", exports = {} } = options;
    this.world = world;
    this.container = new FakeContainer({ ...options, clock: world.scheduler });
    const id = { name, toString: () => name, equals: (other: unknown) => String(other) === name };
    this.host = new SimulatedObject(world, {
      objectClass,
      container: this.container,
      env,
      id,
      name,
      exports,
    });
    this.stub = new SimulatedStub(world, this.host);
  }

  get object(): Instance | undefined {
    return this.host.instance as Instance | undefined;
  }
  get hooks(): readonly HookCall[] {
    return this.host.hooks;
  }
  fetch(input: RequestInfo | URL, init?: RequestInit): Pending<Response> {
    return this.world.call(() => this.stub.fetch(input, init));
  }
  call(method: string, ...args: unknown[]): Pending<unknown> {
    return this.world.call(() => this.stub.call(method, args));
  }
  advance(duration: Duration): Pending<void> {
    return this.world.advance(duration);
  }
  evict(): void {
    this.host.end(evicted(), "evicted by force");
  }
  deploy(objectClass?: ObjectClass<Instance>): void {
    if (objectClass) this.host.replaceClass(objectClass);
    const error = new Error("Durable Object reset because its code was updated.");
    this.host.end(
      Object.assign(error, { durableObjectReset: true, retryable: true }),
      "code updated",
    );
  }
  crash(options?: { readonly exitCode?: number; readonly isOutOfMemory?: boolean }): void {
    this.container.crash(options);
  }
  close(): void {
    this.world.close();
  }
}

export async function simulate<Instance extends object>(
  objectClass: ObjectClass<Instance>,
  options: SimulationOptions = {},
): Promise<SimulatedInstance<Instance>> {
  return new SimulatedInstance(new World(options), objectClass, options);
}
