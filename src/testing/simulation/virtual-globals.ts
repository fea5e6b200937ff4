import type { QueuedEvent } from "./event-queue.ts";
import type { Incarnation } from "./incarnation.ts";
import type { Scheduler } from "./scheduler.ts";
import { anySignal, webPlatform } from "./web-platform.ts";

/** What the globals of a world stand on. */
export interface GlobalsHost {
  readonly scheduler: Scheduler;
  readonly random: () => number;
  readonly current: Incarnation | undefined;
  readonly isForeign: boolean;
  readonly options: { readonly allowIo?: boolean };
  enter<Result>(life: Incarnation, work: () => Result): Result;
  compute<Result>(work: Promise<Result>): Promise<Result>;
  uncaught(error: unknown): void;
}

interface VirtualTimer {
  readonly event: QueuedEvent;
  readonly release: () => void;
}

/**
 * Gives the globals that tell the time, set timers or draw lots over to a world.
 *
 * @returns what gives them back
 */
export function installVirtualGlobals(
  host: GlobalsHost,
  foreign: (what: string) => Error,
): () => void {
  const saved: (readonly [object, PropertyKey, PropertyDescriptor | undefined])[] = [];
  const set = (target: object, key: PropertyKey, value: unknown): void => {
    saved.push([target, key, Object.getOwnPropertyDescriptor(target, key)]);
    Object.defineProperty(target, key, { value, configurable: true, writable: true });
  };
  const timers = virtualTimers(host);
  // What the platform makes itself, by Response.json() for example, carries no socket either.
  if (!("webSocket" in Response.prototype)) set(Response.prototype, "webSocket", null);
  const platform = webPlatform({
    get current() {
      return host.current;
    },
    uncaught: (error) => host.uncaught(error),
    enter: (life, work) => host.enter(life as Incarnation, work),
    later: (deliver) => {
      void host.scheduler.latency([0, 2]).then(deliver);
    },
  });
  for (const [name, value] of Object.entries({ ...platform, ...timers }))
    set(globalThis, name, value);
  set(
    globalThis,
    "Date",
    virtualDate(() => host.scheduler.now()),
  );
  const startedAtMs = host.scheduler.now();
  set(performance, "now", () => host.scheduler.now() - startedAtMs);
  const random = (): number => (host.isForeign ? 0.5 : host.random());
  set(Math, "random", random);
  set(crypto, "randomUUID", () => uuid(random));
  set(crypto, "getRandomValues", (array: Uint8Array) => fill(array, random));
  set(AbortSignal, "any", anySignal);
  set(AbortSignal, "timeout", (delayMs: number) => timeoutSignal(delayMs, timers.setTimeout));
  if (host.options.allowIo !== true) {
    set(globalThis, "fetch", () => Promise.reject(foreign("a fetch() of its own")));
  }
  return () => {
    for (const [target, key, descriptor] of saved.toReversed()) {
      if (descriptor === undefined) Reflect.deleteProperty(target, key);
      else Object.defineProperty(target, key, descriptor);
    }
  };
}

interface Timers {
  readonly setTimeout: (
    callback: (...args: unknown[]) => void,
    delayMs?: number,
    ...args: unknown[]
  ) => number;
  readonly clearTimeout: (id: unknown) => void;
  readonly setInterval: Timers["setTimeout"];
  readonly clearInterval: (id: unknown) => void;
}

/** Timers belong to the life that set them: they hold it, and end with it. */
function virtualTimers(host: GlobalsHost): Timers {
  const timers = new Map<number, VirtualTimer>();
  let lastId = 0;
  const clear = (id: unknown): void => {
    if (typeof id !== "number") return;
    const timer = timers.get(id);
    timers.delete(id);
    if (timer === undefined) return;
    timer.event.isCancelled = true;
    timer.release();
  };
  const arm = (id: number, delayMs: number, fire: () => void): void => {
    if (host.isForeign) return;
    const life = host.current;
    const run = (): void => {
      if (life?.isDead === true) return clear(id);
      if (life === undefined) fire();
      else host.enter(life, fire);
    };
    const event = host.scheduler.at(host.scheduler.now() + Math.max(0, delayMs), run, life);
    timers.set(id, { event, release: life?.hold() ?? (() => {}) });
  };
  const setTimeout: Timers["setTimeout"] = (callback, delayMs = 0, ...args) => {
    lastId += 1;
    const id = lastId;
    arm(id, delayMs, () => {
      callback(...args);
      clear(id);
    });
    return id;
  };
  const setInterval: Timers["setTimeout"] = (callback, delayMs = 0, ...args) => {
    lastId += 1;
    const id = lastId;
    const fire = (): void => {
      const before = timers.get(id);
      arm(id, Math.max(1, delayMs), fire);
      before?.release();
      callback(...args);
    };
    arm(id, Math.max(1, delayMs), fire);
    return id;
  };
  return { setTimeout, clearTimeout: clear, setInterval, clearInterval: clear };
}

function virtualDate(now: () => number): DateConstructor {
  const RealDate = Date;
  return new Proxy(RealDate, {
    construct: (target, args: unknown[], newTarget) =>
      Reflect.construct(target, args.length === 0 ? [now()] : args, newTarget) as object,
    apply: () => new RealDate(now()).toString(),
    get: (target, key) => (key === "now" ? now : (Reflect.get(target, key) as unknown)),
  });
}

function uuid(random: () => number): string {
  const hex = (digits: number): string =>
    Math.floor(random() * 16 ** digits)
      .toString(16)
      .padStart(digits, "0");
  const variant = (8 + Math.floor(random() * 4)).toString(16);
  return `${hex(8)}-${hex(4)}-4${hex(3)}-${variant}${hex(3)}-${hex(8)}${hex(4)}`;
}

function fill<View extends ArrayBufferView>(array: View, random: () => number): View {
  const bytes = new Uint8Array(array.buffer, array.byteOffset, array.byteLength);
  for (let index = 0; index < bytes.length; index += 1) bytes[index] = Math.floor(random() * 256);
  return array;
}

function timeoutSignal(delayMs: number, setTimer: Timers["setTimeout"]): AbortSignal {
  const controller = new AbortController();
  setTimer(() => {
    controller.abort(new DOMException("The operation was aborted due to timeout", "TimeoutError"));
  }, delayMs);
  return controller.signal;
}
