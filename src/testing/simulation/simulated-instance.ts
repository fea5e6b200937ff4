import type { Duration } from "../../core/duration.ts";
import { FakeContainer, type FakeContainerOptions } from "../fake-container.ts";
import type { SimulatedFault } from "./fault.ts";
import type { Pending } from "./pending.ts";
import type { ObjectClass } from "./object-plan.ts";
import { objectStorage } from "./object-storage.ts";
import { aborted, codeUpdated, lostConnection } from "./platform-errors.ts";
import { SimulatedDurableObjectNamespace } from "./simulated-binding.ts";
import { SimulatedObject } from "./simulated-object.ts";
import {
  SimulatedStub,
  testStub,
  workerStub,
  type ArgumentsOf,
  type MethodName,
  type RemoteMethods,
  type ResultOf,
} from "./simulated-stub.ts";
import type { HookCall } from "./watch-hooks.ts";
import { workerExports } from "./worker-exports.ts";
import type { World } from "./world.ts";

const HOUR_MS = 3_600_000;

/** How one instance is simulated: its container, and its object. */
export interface InstanceOptions extends FakeContainerOptions {
  /** What the constructor is given as `env` (default: an empty object). */
  readonly env?: object;
  /** Name of the object, `ctx.id.name` (default: `"simulated"`). */
  readonly name?: string;
  /** The object's id (default: the one of its name). */
  readonly id?: DurableObjectId;
  /** Name under which the Worker exports the class (default: the class's own). */
  readonly exportName?: string;
  /**
   * What the object has as `ctx.exports` beside its own namespace: classes
   * of entrypoints, such as `ContainerProxy`, and namespaces (default: nothing).
   */
  readonly exports?: object;
  /**
   * In workerd: the state of a real object, as `runInDurableObject()` gives it. Its SQLite database
   * is the simulated object's, so it has to be empty. Not needed in Node.
   */
  readonly ctx?: object;
}

/** What an instance has cost so far. */
export interface Bill {
  /** Time in which the container ran, in milliseconds. */
  readonly containerMs: number;
  /** Time in which the object was in memory, in milliseconds. */
  readonly objectMs: number;
  /** How many times the container was started. */
  readonly starts: number;
  /** How many times the object came into memory. */
  readonly wakeUps: number;
  /** How many alarms there were. */
  readonly alarms: number;
  /** Requests that the app was given, probes included. */
  readonly requests: number;
  /** Requests that met a closed port. */
  readonly refusedRequests: number;
  /** Writes to the storage: values, statements that change something, alarms. */
  readonly writes: number;
}

/** One simulated instance: an object of a user's class, its stub and its container. */
export class SimulatedInstance<Instance extends object = object> {
  /** The clock, the seed and the trace. */
  readonly world: World;
  /** The container: it crashes, hangs and exits on command. */
  readonly container: FakeContainer;
  /**
   * A stub as a Worker has it, with `fetch()`, the methods of the class and plain promises: for
   * code that is simulated, too.
   */
  readonly stub: SimulatedStub & RemoteMethods<Instance>;
  /** `ctx.storage`, seen from outside: it takes no time, and outlives the object's memory. */
  readonly storage: DurableObjectStorage;
  readonly #object: SimulatedObject;
  readonly #stub: SimulatedStub;
  readonly #beganAtMs: number;

  constructor(world: World, objectClass: ObjectClass<Instance>, options: InstanceOptions) {
    const { env = {}, name = "simulated", exportName = objectClass.name, ctx } = options;
    const ids = world.newIds(objectClass.name);
    const { id = ids.ofName(name) } = options;
    const own = new SimulatedDurableObjectNamespace(ids, () => this.workerStub);
    const given = { [exportName]: own, ...options.exports };
    const exports = workerExports(given, { world, env });
    this.world = world;
    this.#beganAtMs = world.nowMs;
    this.container = new FakeContainer({ ...options, clock: world.scheduler });
    const { container } = this;
    const plan = { objectClass, container, env, id, name, exports, ctx };
    this.#object = new SimulatedObject(world, plan);
    this.#stub = new SimulatedStub(world, this.#object);
    this.stub = testStub(this.#stub) as SimulatedInstance<Instance>["stub"];
    this.storage = storageFromOutside(this.#object);
  }

  /** A stub with nothing beside what a Worker has, for bindings. */
  get workerStub(): object {
    return workerStub(this.#stub);
  }

  /** What stands behind the stub: for test kits that look inside. */
  get host(): SimulatedObject {
    return this.#object;
  }

  /** The user's object, if it is in memory. */
  get object(): Instance | undefined {
    return this.#object.instance as Instance | undefined;
  }

  /** Whether the object is in memory. */
  get isInMemory(): boolean {
    return this.#object.instance !== undefined;
  }

  /** Every call of a hook of the class, in order, through evictions. */
  get hooks(): readonly HookCall[] {
    return this.#object.hooks;
  }

  /** What each call of one hook was given. */
  callsOf(hook: string): readonly (readonly unknown[])[] {
    return this.hooks.filter((call) => call.hook === hook).map(({ args }) => args);
  }

  /** How many times the container was started. */
  get starts(): number {
    return this.container.starts.length;
  }

  /** How many times the container has ended. */
  get stops(): number {
    return this.container.running ? this.starts - 1 : this.starts;
  }

  /** How many alarms there were. */
  get alarms(): number {
    return this.#object.counts.alarms;
  }

  /** Sends a request through the stub, as a Worker does. */
  fetch(input: RequestInfo | URL, init?: RequestInit): Pending<Response> {
    return this.world.run(() => this.#stub.fetch(input, init));
  }

  /** Calls a method of the class through the stub. */
  call<Name extends MethodName<Instance>>(
    method: Name,
    ...args: ArgumentsOf<Instance, Name>
  ): Pending<ResultOf<Instance, Name>>;
  call(method: string, ...args: unknown[]): Pending<unknown>;
  call(method: string, ...args: unknown[]): Pending<unknown> {
    return this.world.run(() => this.#stub.call(method, args));
  }

  /** Lets so much time pass. */
  advance(duration: Duration): Pending<void> {
    return this.world.advance(duration);
  }

  /** Ends the app with a code other than 0 (default: 1), or for want of memory. */
  crash(options?: { readonly exitCode?: number; readonly isOutOfMemory?: boolean }): void {
    this.container.crash(options);
  }

  /** Ends the app by itself, with code 0. */
  exit(): void {
    this.container.exit();
  }

  /** Ends the app as a new version's rollout does. */
  rollout(): void {
    this.container.rollout();
  }

  /** Takes the object out of memory, whatever it does. Calls under way fail. */
  evict(): void {
    this.#object.end(lostConnection(), "evicted by force", "sleep");
  }

  /** Resets the object, as its own `ctx.abort()` does. */
  abort(reason?: string): void {
    this.#object.end(aborted(reason), "abort()");
  }

  /** Deploys the Worker anew: the object is reset. From then on it may be of another class. */
  deploy(objectClass?: ObjectClass<Instance>): void {
    if (objectClass !== undefined) this.#object.replaceClass(objectClass);
    this.#object.end(codeUpdated(), "code updated");
  }

  /** Has the platform let the object down. */
  inject(fault: SimulatedFault): void {
    this.#object.note(`fault ${fault.kind}`);
    const { data, alarm } = this.#object;
    switch (fault.kind) {
      case "storage-fails":
        data.disk.failures = fault.times;
        return;
      case "storage-slow":
        data.disk.writeMs = fault.writeMs;
        return;
      case "writes-lost":
        data.loseUnconfirmed();
        return this.evict();
      case "alarm-delayed":
        return alarm.inject({ kind: "delayed", delayMs: fault.delayMs });
      case "alarm-lost":
        return alarm.inject({ kind: "lost" });
      case "alarm-twice":
        return alarm.inject({ kind: "twice" });
      case "call-dropped":
        return this.#stub.inject("drop");
      case "call-duplicated":
        return this.#stub.inject("duplicate");
      case "overloaded":
        return this.#stub.inject("overloaded");
      case "clock-jumps":
        this.world.scheduler.jump(fault.byMs);
        return alarm.rearm();
    }
  }

  /** Has the platform behave again. */
  heal(): void {
    const { data, alarm } = this.#object;
    data.disk.failures = 0;
    data.disk.writeMs = 0;
    alarm.heal();
    this.#stub.heal();
  }

  /** How many alarms there have been an hour, on average since the beginning. */
  alarmsPerHour(): number {
    const hours = (this.world.nowMs - this.#beganAtMs) / HOUR_MS;
    return hours === 0 ? 0 : this.#object.counts.alarms / hours;
  }

  /** Sums up what the instance has cost. */
  bill(): Bill {
    const { containerMs, objectMs, wakeUps, alarms } = this.#object.counts;
    const { requests, probes: refusedRequests } = this.container;
    const { writes } = this.#object.data;
    const { starts } = this;
    return { containerMs, objectMs, starts, wakeUps, alarms, requests, refusedRequests, writes };
  }

  /** Gives the globals back. */
  close(): void {
    this.world.close();
  }

  /** Gives the globals back, for `await using`. */
  async [Symbol.asyncDispose](): Promise<void> {
    this.close();
  }
}

/** It belongs to no life, so that it needs none. */
function storageFromOutside({ data, alarm }: SimulatedObject): DurableObjectStorage {
  const nothing = async (): Promise<void> => {};
  const storage: unknown = objectStorage({
    data,
    alarm,
    check: () => {},
    access: nothing,
    confirmed: nothing,
    exclusively: (work) => work(),
  });
  return storage as DurableObjectStorage;
}
