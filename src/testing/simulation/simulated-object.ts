import { ContainerError } from "../../errors/container-error.ts";
import { SimulatedAlarm } from "./simulated-alarm.ts";
import { bodyOf } from "./answer-body.ts";
import { callFetch, callMethod } from "./call-method.ts";
import { HibernatingSockets } from "./hibernation.ts";
import { Incarnation } from "./incarnation.ts";
import { confirmed, objectContext } from "./object-context.ts";
import { ObjectData } from "./object-data.ts";
import type { ObjectClass, ObjectPlan } from "./object-plan.ts";
import { lostConnection } from "./platform-errors.ts";
import { openNodeDatabase, realDatabase, type RealStorage } from "./sql-database.ts";
import { watchHooks, type HookCall } from "./watch-hooks.ts";
import type { QueuedEvent } from "./event-queue.ts";
import type { TimeKeeper, World } from "./world.ts";

/** The runtime evicts an object that nothing has held for so long (measured on workerd). */
const EVICT_AFTER_MS = 10_000;

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
  /** What reset it, each time: what broke the stubs that it had. */
  readonly resets: unknown[] = [];
  readonly counts: ObjectCounts = { wakeUps: 0, alarms: 0, objectMs: 0, containerMs: 0 };
  readonly #world: World;
  readonly #sockets: HibernatingSockets;
  readonly #passed = new WeakSet<object>();
  #class: ObjectClass;
  #life: Incarnation | undefined;
  #evictAt: QueuedEvent | undefined;
  #floorAtMs = 0;

  constructor(world: World, plan: ObjectPlan) {
    this.#world = world;
    this.plan = plan;
    this.#class = plan.objectClass;
    this.data = new ObjectData(
      plan.ctx === undefined ? openNodeDatabase(world) : realDatabase(storageOf(plan.ctx)),
      world.scheduler,
      (error) => this.end(error, "storage failed"),
    );
    this.alarm = new SimulatedAlarm(world, {
      ring: (info) => {
        this.counts.alarms += 1;
        this.note(`alarm ${info.retryCount}`);
        return this.deliver((instance) => callMethod(instance, "alarm", [info]));
      },
    });
    this.#sockets = new HibernatingSockets({
      get nowMs() {
        return world.nowMs;
      },
      call: (handler, args) => this.#callHandler(handler, args),
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
      await life.gate.admit(undefined);
      const { instance } = life;
      if (instance === undefined) throw new TypeError("Cannot call the object: it was not made");
      try {
        return await this.#world.enter(life, () => call(instance));
      } finally {
        await confirmed(this.#world, life, this.data);
      }
    };
    return await life.holdDuring(life.orDeath(work()));
  }

  /**
   * Sends a request, and gives an answer whose body ends with the object where it must.
   *
   * @param onLeft called when the client gives the body up
   */
  async fetch(request: Request, onLeft: (reason: unknown) => void = () => {}): Promise<Response> {
    this.note(`request ${request.method} ${new URL(request.url).pathname}`);
    const life = this.#life ?? this.#construct();
    const response = await this.deliver((instance) => callFetch(instance, request));
    this.note(`answer ${response.status}`);
    const isPassed = this.#passed.has(response) || this.#passed.has(response.body ?? response);
    return bodyOf(response, {
      signal: request.signal,
      onLeft,
      // What is passed through outlives the object together with its container.
      onSourceGone: (cut) =>
        life.onDeath(() => {
          if (!isPassed || this.#world.nowMs >= this.#floorAtMs) cut();
        }),
    });
  }

  /**
   * Ends the present life. The container goes with it unless a floor keeps it.
   *
   * @param how sockets outlive an object that goes to sleep, and no other
   */
  end(reason: unknown, what: string, how: "reset" | "sleep" = "reset"): void {
    const life = this.#life;
    if (life === undefined) return;
    this.note(what);
    this.#life = undefined;
    life.end(reason);
    if (how === "reset") {
      this.resets.push(reason);
      this.#sockets.drop();
    }
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
    return objectContext({
      world: this.#world,
      life,
      plan: this.plan,
      data: this.data,
      alarm: this.alarm,
      sockets: this.#sockets,
      end: (reason, what) => {
        if (this.#life === life) this.end(reason, what);
      },
      note: (what) => this.note(what),
      onFloor: (durationMs) => this.#raiseFloor(durationMs),
      onAnswer: (response) => {
        this.#passed.add(response);
        if (response.body !== null) this.#passed.add(response.body);
      },
    });
  }

  /** What a handler throws is logged by the platform. One that is missing is not missed. */
  #callHandler(handler: string, args: readonly unknown[]): void {
    this.note(handler);
    this.deliver(async (instance) => {
      if (handler in instance) await callMethod(instance, handler, args);
    }).catch((error: unknown) => this.#world.uncaught(error));
  }

  #onIdle(life: Incarnation): void {
    if (life.isHeld || life.isDead) return;
    const world = this.#world;
    if (this.#evictAt !== undefined) this.#evictAt.isCancelled = true;
    this.#evictAt = world.scheduler.at(world.nowMs + EVICT_AFTER_MS, () => {
      if (!life.isHeld && !life.isDead) this.end(lostConnection(), "evicted", "sleep");
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
