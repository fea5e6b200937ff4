import type { QueuedEvent } from "./event-queue.ts";
import type { Incarnation } from "./incarnation.ts";
import type { CriticalSection } from "./input-gate.ts";
import type { Scheduler } from "./scheduler.ts";

type Callback = (...args: unknown[]) => void;
type SetTimer = (callback: Callback, delayMs?: number, ...args: unknown[]) => number;

/** The timer functions of a platform. */
export interface Timers {
  readonly setTimeout: SetTimer;
  readonly clearTimeout: (id: unknown) => void;
  readonly setInterval: SetTimer;
  readonly clearInterval: (id: unknown) => void;
}

/** What timers need of their world. */
export interface TimersHost {
  readonly scheduler: Scheduler;
  readonly current: Incarnation | undefined;
  readonly section: CriticalSection | undefined;
  readonly isForeign: boolean;
  reach(life: Incarnation, section: CriticalSection | undefined, work: () => void): void;
}

interface VirtualTimer {
  readonly event: QueuedEvent;
  readonly release: () => void;
}

/** Timers of virtual time. They belong to the life that set them: they hold it, and end with it. */
export class VirtualTimers {
  readonly #host: TimersHost;
  readonly #timers = new Map<number, VirtualTimer>();
  #lastId = 0;

  constructor(host: TimersHost) {
    this.#host = host;
  }

  get globals(): Timers {
    const clear = (id: unknown): void => this.#clear(id);
    return {
      setTimeout: (callback, delayMs = 0, ...args) =>
        this.#set(delayMs, (id) => {
          callback(...args);
          this.#clear(id);
        }),
      setInterval: (callback, delayMs = 0, ...args) =>
        this.#set(delayMs, (id, again) => {
          again(id);
          callback(...args);
        }),
      clearTimeout: clear,
      clearInterval: clear,
    };
  }

  #set(delayMs: number, fire: (id: number, again: (id: number) => void) => void): number {
    this.#lastId += 1;
    const again = (id: number): void => {
      const before = this.#timers.get(id);
      this.#arm(id, Math.max(1, delayMs), () => fire(id, again));
      before?.release();
    };
    const id = this.#lastId;
    this.#arm(id, delayMs, () => fire(id, again));
    return id;
  }

  #arm(id: number, delayMs: number, fire: () => void): void {
    const { scheduler, current: life, section, isForeign } = this.#host;
    if (isForeign) return;
    const run = (): void => {
      if (life === undefined) fire();
      else if (life.isDead) this.#clear(id);
      else this.#host.reach(life, section, () => this.#timers.has(id) && fire());
    };
    const event = scheduler.at(scheduler.now() + Math.max(0, delayMs), run, life);
    this.#timers.set(id, { event, release: life?.hold() ?? (() => {}) });
  }

  #clear(id: unknown): void {
    const timer = typeof id === "number" ? this.#timers.get(id) : undefined;
    if (timer === undefined) return;
    this.#timers.delete(Number(id));
    timer.event.isCancelled = true;
    timer.release();
  }
}
