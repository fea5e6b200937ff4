import { ContainerError } from "../../errors/container-error.ts";
import type { FakeContainer } from "../fake-container.ts";
import { SimulatedAlarm } from "./simulated-alarm.ts";
import { bodyOf } from "./answer-body.ts";
import { containerView } from "./container-view.ts";
import { Incarnation } from "./incarnation.ts";
import { ObjectData } from "./object-data.ts";
import { objectStorage } from "./object-storage.ts";
import { openNodeDatabase, realDatabase, type RealStorage } from "./sql-database.ts";
import { watchHooks, type HookCall } from "./watch-hooks.ts";
import type { QueuedEvent } from "./event-queue.ts";
import type { TimeKeeper, World } from "./world.ts";

/** The runtime evicts an object that nothing has held for so long (measured on workerd). */
const EVICT_AFTER_MS = 10_000;

/** A class of Durable Objects. */
export type ObjectClass<Instance extends object = object> = new (
  ...args: readonly never[]
) => Instance;

/** What a simulated object is made of. */
export interface ObjectPlan {
  readonly objectClass: ObjectClass;
  readonly container: FakeContainer;
  readonly env: object;
  readonly id: object;
  readonly name: string;
  readonly exports?: object;
  /** The state of a real object in workerd; undefined in Node. */
  readonly ctx: object | undefined;
}

/** What was counted of one object. */
export interface ObjectCounts {
  wakeUps: number;
  alarms: number;
  /** Time in memory, in milliseconds. */
  objectMs: number;
  /** Time in which its container ran, in milliseconds. */
  containerMs: number;
}

/** One Durable Object: what outlives its memory, and its present life, if it has one. */
export class SimulatedObject implements TimeKeeper {
  readonly plan: ObjectPlan;
  readonly data: ObjectData;
  readonly alarm: SimulatedAlarm;
  readonly hooks: HookCall[] = [];
  readonly counts: ObjectCounts = { wakeUps: 0, alarms: 0, objectMs: 0, containerMs: 0 };
  readonly #world: World;
  readonly #answers = new WeakSet<Response>();
  #class: ObjectClass;
  #life: Incarnation | undefined;
  #evictAt: QueuedEvent | undefined;
  #floorAtMs = 0;
  #storageGate: Promise<unknown> = Promise.resolve();

  constructor(world: World, plan: ObjectPlan) {
    this.#world = world;
    this.plan = plan;
    this.#class = plan.objectClass;
    this.data = new ObjectData(
      plan.ctx === undefined ? openNodeDatabase() : realDatabase(storageOf(plan.ctx)),
      () => world.nowMs,
      (error) => this.end(error, "storage failed"),
    );
    this.alarm = new SimulatedAlarm(world, {
      ring: (info) => {
        this.counts.alarms += 1;
        this.note(`alarm ${info.retryCount}`);
        return this.deliver((instance) => callMethod(instance, "alarm", [info]));
      },
    });
    world.keepTime(this);
    world.onClose(() => this.end(new Error("The simulation was closed."), "closed"));
  }

  /** The user's object, if it is in memory. */
  get instance(): object | undefined {
    return this.#life?.instance;
  }

  note(what: string): void {
    this.#world.trace.add(this.#world.nowMs, this.plan.name, what);
  }

  onTime(fromMs: number, toMs: number): void {
    if (this.#life !== undefined) this.counts.objectMs += toMs - fromMs;
    if (this.plan.container.running) this.counts.containerMs += toMs - fromMs;
  }

  /** Calls the object, which is made for it unless it is in memory. */
  async deliver<Result>(call: (instance: object) => Promise<Result>): Promise<Result> {
    const life = this.#life ?? this.#construct();
    const work = async (): Promise<Result> => {
      await life.gate;
      await this.#storageGate;
      const { instance } = life;
      if (instance === undefined) throw new TypeError("Cannot call the object: it was not made");
      const result = await this.#world.enter(life, () => call(instance));
      await this.#confirmed(life);
      return result;
    };
    return await life.holdDuring(Promise.race([work(), life.died]));
  }

  /** Sends a request, and gives an answer whose body ends with the object where it must. */
  async fetch(request: Request): Promise<Response> {
    this.note(`request ${request.method} ${new URL(request.url).pathname}`);
    const life = this.#life ?? this.#construct();
    const response = await this.deliver(
      (instance) => callMethod(instance, "fetch", [request]) as Promise<Response>,
    );
    this.note(`answer ${response.status}`);
    const cut = new Promise<void>((resolve) => {
      life.died.catch(() => {
        if (!this.#answers.has(response) || this.#world.nowMs >= this.#floorAtMs) resolve();
      });
    });
    return bodyOf(response, cut);
  }

  /** Ends the present life. The container goes with it unless a floor keeps it. */
  end(reason: unknown, what: string): void {
    const life = this.#life;
    if (life === undefined) return;
    this.note(what);
    this.#life = undefined;
    this.#storageGate = Promise.resolve();
    life.end(reason);
    this.#letGo();
  }

  /** Takes another version of the class from the next life on. */
  replaceClass(objectClass: ObjectClass): void {
    this.#class = objectClass;
  }

  #construct(): Incarnation {
    const world = this.#world;
    const life = new Incarnation(world, () => this.#onIdle(life));
    this.#life = life;
    this.counts.wakeUps += 1;
    this.note("made");
    const ctx = this.#contextOf(life);
    try {
      life.instance = world.enter(
        life,
        () => Reflect.construct(this.#class, [ctx, this.plan.env]) as object,
      );
    } catch (error) {
      this.end(error, "constructor failed");
      throw error;
    }
    watchHooks(life.instance, life, (hook, args) => {
      this.note(`hook ${hook}`);
      this.hooks.push({ hook, args, atMs: world.nowMs });
    });
    this.#onIdle(life);
    return life;
  }

  #contextOf(life: Incarnation): object {
    const world = this.#world;
    const storage = objectStorage({
      life,
      data: this.data,
      alarm: this.alarm,
      access: () => this.#access(life),
    });
    const container = containerView({
      world,
      life,
      container: this.plan.container,
      onFloor: (durationMs) => this.#raiseFloor(durationMs),
      onAnswer: (response) => void this.#answers.add(response),
    });
    const own = {
      id: this.plan.id,
      props: {},
      exports: this.plan.exports ?? {},
      storage,
      container,
      waitUntil: (work: Promise<unknown>) => void life.holdDuring(work).catch(() => {}),
      blockConcurrencyWhile: (work: () => Promise<unknown>) => this.#block(life, work),
      abort: (reason?: string) => this.#abort(reason),
    };
    // The base class of workerd takes a genuine state only, and looks for it along the prototypes.
    return this.plan.ctx === undefined
      ? own
      : (Object.defineProperties(
          Object.create(this.plan.ctx),
          Object.getOwnPropertyDescriptors(own),
        ) as object);
  }

  /** Nothing is delivered to the object until `work` is done; where it fails, the object is reset. */
  #block(life: Incarnation, work: () => Promise<unknown>): Promise<unknown> {
    const gate = life.holdDuring(this.#world.enter(life, work));
    gate.catch((error: unknown) => this.#life === life && this.end(error, "reset by its gate"));
    life.gate = gate;
    return gate;
  }

  #abort(reason = "Application called abort() to reset Durable Object."): never {
    const error = new Error(reason);
    this.end(error, "abort()");
    throw error;
  }

  /** An asynchronous storage operation: nothing is delivered to the object meanwhile. */
  async #access(life: Incarnation): Promise<void> {
    const operation = life.holdDuring(
      this.#world.scheduler.latency(this.#world.latency.storageMs, life),
    );
    this.#storageGate = operation;
    await operation;
    if (life.isDead) await new Promise(() => {});
  }

  /** An answer leaves when what was written before it is on disk. */
  async #confirmed(life: Incarnation): Promise<void> {
    const atMs = this.data.confirmedAtMs;
    if (atMs <= this.#world.nowMs) return;
    await new Promise<void>((resolve) => void this.#world.scheduler.at(atMs, resolve, life));
  }

  #onIdle(life: Incarnation): void {
    if (life.isHeld || life.isDead) return;
    const world = this.#world;
    if (this.#evictAt !== undefined) this.#evictAt.isCancelled = true;
    this.#evictAt = world.scheduler.at(world.nowMs + EVICT_AFTER_MS, () => {
      if (!life.isHeld && !life.isDead) this.end(evicted(), "evicted");
    });
  }

  #raiseFloor(durationMs: number): void {
    this.#floorAtMs = this.#world.nowMs + durationMs;
    this.#world.scheduler.at(this.#floorAtMs, () => this.#letGo());
  }

  /** The container goes when the object is gone and its floor is past. */
  #letGo(): void {
    const { container } = this.plan;
    if (this.#life !== undefined || this.#world.nowMs < this.#floorAtMs) return;
    if (!container.running) return;
    this.note("container gone with its object");
    container.forget();
  }
}

function storageOf(ctx: object): RealStorage {
  const storage: unknown = Reflect.get(ctx, "storage");
  if (typeof storage === "object" && storage !== null && "sql" in storage) {
    return storage as RealStorage;
  }
  throw new ContainerError(
    "INVALID_ARGUMENT",
    "Cannot simulate on this ctx: it has no SQLite storage; give the state of an object whose class is in new_sqlite_classes",
  );
}

/** What a call gets whose object went away under it. */
export function evicted(): Error {
  return Object.assign(new Error("Network connection lost."), { retryable: true });
}

/** Calls a method of a user's object by its name. */
export async function callMethod(
  instance: object,
  name: string,
  args: unknown[],
): Promise<unknown> {
  const method: unknown = Reflect.get(instance, name);
  if (typeof method !== "function") {
    throw new TypeError(`The RPC receiver does not implement the method "${name}".`);
  }
  return await (Reflect.apply(method, instance, args) as unknown);
}
