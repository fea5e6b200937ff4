import type { FakeClock } from "../../src/testing/fake-clock.ts";
import { ObjectStorage } from "./object-storage.ts";

/** The runtime evicts an object that has been quiet for so long (measured on workerd). */
const EVICT_AFTER_MS = 10_000;

/** A container object as the runtime calls it. */
export interface ObjectInstance {
  fetch(request: Request): Promise<Response>;
  alarm(): Promise<void>;
}

/** A fake container, as far as it is watched here. */
export interface WatchedContainer {
  monitor(): Promise<void>;
}

/** A container class. */
export type ObjectClass = new (ctx: object, env: object) => ObjectInstance;

/**
 * Runs one Durable Object on virtual time, as the runtime would: makes it when it is called, calls
 * its alarms, and evicts it when nothing holds it. Counts what that costs.
 */
export class VirtualObject {
  alarms = 0;
  /** Time in which something held the object in memory: a call, a timer, work that is waited for. */
  openMs = 0;
  /** Time in memory, quiet or not. */
  inMemoryMs = 0;
  readonly storage = new ObjectStorage((atMs) => this.#onAlarmSet(atMs));
  readonly #class: ObjectClass;
  readonly #container: WatchedContainer;
  readonly #clock: FakeClock;
  #instance: ObjectInstance | undefined;
  #life = 0;
  #holds = 0;
  #openedAtMs = 0;
  #madeAtMs = 0;
  #gate: Promise<unknown> = Promise.resolve();
  #evictTimer: unknown;
  #alarmTimer: unknown;
  #isInAlarm = false;
  #isAlarmDue = false;

  constructor(objectClass: ObjectClass, container: WatchedContainer, clock: FakeClock) {
    this.#class = objectClass;
    this.#container = container;
    this.#clock = clock;
  }

  /** Sends a request and reads its answer. */
  async fetch(request: Request): Promise<string> {
    return await this.#call(async (instance) => (await instance.fetch(request)).text());
  }

  /** Holds the object in memory until the returned function is called. */
  hold(): () => void {
    const life = this.#life;
    if (this.#holds === 0) this.#openedAtMs = this.#clock.now();
    this.#holds += 1;
    this.#clock.clearTimeout(this.#evictTimer);
    let isHeld = true;
    return () => {
      if (isHeld && life === this.#life) this.#release();
      isHeld = false;
    };
  }

  /** Counts what is open up to now. */
  settle(): void {
    const nowMs = this.#clock.now();
    if (this.#holds > 0) this.openMs += nowMs - this.#openedAtMs;
    if (this.#instance !== undefined) this.inMemoryMs += nowMs - this.#madeAtMs;
    this.#openedAtMs = nowMs;
    this.#madeAtMs = nowMs;
  }

  #release(): void {
    this.#holds -= 1;
    if (this.#holds > 0) return;
    this.openMs += this.#clock.now() - this.#openedAtMs;
    this.#evictTimer = this.#clock.setTimeout(() => this.#evict(), EVICT_AFTER_MS);
  }

  #evict(): void {
    this.inMemoryMs += this.#clock.now() - this.#madeAtMs;
    this.#instance = undefined;
    this.#life += 1;
  }

  async #call<Result>(work: (instance: ObjectInstance) => Promise<Result>): Promise<Result> {
    const instance = this.#instance ?? this.#make();
    this.#instance = instance;
    const release = this.hold();
    try {
      await this.#gate;
      return await work(instance);
    } finally {
      release();
    }
  }

  #make(): ObjectInstance {
    this.#madeAtMs = this.#clock.now();
    const ctx = {
      id: { toString: () => "virtual", name: "virtual" },
      storage: this.storage,
      container: this.#ownContainer(),
      waitUntil: (work: Promise<unknown>) => this.#holdDuring(work),
      blockConcurrencyWhile: (work: () => Promise<unknown>) => {
        this.#gate = this.#holdDuring(work());
        return this.#gate;
      },
    };
    return new this.#class(ctx, {});
  }

  #holdDuring(work: Promise<unknown>): Promise<unknown> {
    const release = this.hold();
    return work.finally(release);
  }

  /**
   * The container as one life of the object sees it. A pending `monitor()` holds the object, and
   * what it tells after an eviction reaches nobody.
   */
  #ownContainer(): WatchedContainer {
    const life = this.#life;
    const monitor = async (): Promise<void> => {
      const release = this.hold();
      try {
        await this.#container.monitor();
      } finally {
        release();
        if (life !== this.#life) await new Promise(() => {});
      }
    };
    return new Proxy(this.#container, {
      get(container, name): unknown {
        if (name === "monitor") return monitor;
        const member: unknown = Reflect.get(container, name, container);
        return typeof member === "function" ? member.bind(container) : member;
      },
    });
  }

  #onAlarmSet(atMs: number | null): void {
    this.#clock.clearTimeout(this.#alarmTimer);
    this.#isAlarmDue = false;
    if (atMs === null) return;
    this.#alarmTimer = this.#clock.setTimeout(() => this.#onAlarmDue(), atMs - this.#clock.now());
  }

  /** One alarm at a time: the next waits until the handler has returned. */
  #onAlarmDue(): void {
    if (this.#isInAlarm) {
      this.#isAlarmDue = true;
      return;
    }
    this.#isInAlarm = true;
    this.#isAlarmDue = false;
    this.alarms += 1;
    this.storage.takeAlarm();
    void this.#call((instance) => instance.alarm()).finally(() => {
      this.#isInAlarm = false;
      if (this.#isAlarmDue) this.#onAlarmDue();
    });
  }
}
