import type { FakeInternet } from "../fake-egress.ts";
import type { Incarnation } from "./incarnation.ts";
import { VirtualTimers, type Timers, type TimersHost } from "./virtual-timers.ts";
import { anySignal, webPlatform } from "./web-platform.ts";

/** What the globals of a world stand on. */
export interface GlobalsHost extends TimersHost {
  readonly random: () => number;
  readonly options: { readonly allowIo?: boolean; readonly internet?: FakeInternet };
  leave<Result>(work: () => Result): Result;
  compute<Result>(work: Promise<Result>): Promise<Result>;
  uncaught(error: unknown): void;
}

type Override = readonly [target: object, key: PropertyKey, value: unknown];

/**
 * Gives the globals that tell the time, set timers, draw lots or reach out over to a world.
 *
 * @returns what gives them back
 */
export function installVirtualGlobals(
  host: GlobalsHost,
  foreign: (what: string) => Error,
): () => void {
  const timers = new VirtualTimers(host).globals;
  const overrides = [
    ...clocks(host, timers),
    ...lots(host),
    ...platform(host),
    ...barriers(host, foreign),
  ];
  const saved = overrides.map(
    ([target, key]) => [target, key, Object.getOwnPropertyDescriptor(target, key)] as const,
  );
  for (const [target, key, value] of overrides) {
    Object.defineProperty(target, key, { value, configurable: true, writable: true });
  }
  return () => {
    for (const [target, key, descriptor] of saved.toReversed()) {
      if (descriptor === undefined) Reflect.deleteProperty(target, key);
      else Object.defineProperty(target, key, descriptor);
    }
  };
}

function clocks({ scheduler }: GlobalsHost, timers: Timers): readonly Override[] {
  const startedAtMs = scheduler.now();
  return [
    ...named(timers),
    [globalThis, "Date", virtualDate(() => scheduler.now())],
    [performance, "now", () => scheduler.now() - startedAtMs],
    [AbortSignal, "any", anySignal],
    [AbortSignal, "timeout", (delayMs: number) => timeoutSignal(delayMs, timers)],
  ];
}

function lots(host: GlobalsHost): readonly Override[] {
  const random = (): number => (host.isForeign ? 0.5 : host.random());
  return [
    [Math, "random", random],
    [crypto, "randomUUID", () => uuid(random)],
    [crypto, "getRandomValues", (array: Uint8Array) => fill(array, random)],
  ];
}

function platform(host: GlobalsHost): readonly Override[] {
  const globals = webPlatform({
    get current() {
      return host.current;
    },
    uncaught: (error) => host.uncaught(error),
    reach: (life, work) => host.reach(life as Incarnation, undefined, work),
    later: (deliver) => {
      void host.scheduler.latency([0, 2]).then(deliver);
    },
  });
  // What the platform makes itself, by Response.json() for example, carries no socket either.
  const hasSockets = "webSocket" in Response.prototype;
  return [
    ...named(globals),
    ...(hasSockets ? [] : [[Response.prototype, "webSocket", null] as const]),
  ];
}

/** Computations of the engine are waited for; what would leave the simulation is refused. */
function barriers(host: GlobalsHost, foreign: (what: string) => Error): readonly Override[] {
  const { subtle } = crypto;
  const waiting = new Proxy(subtle, {
    get(target, name): unknown {
      const member: unknown = Reflect.get(target, name, target);
      if (typeof member !== "function") return member;
      return (...args: unknown[]) =>
        host.compute(Reflect.apply(member, target, args) as Promise<unknown>);
    },
  });
  const compute: Override = [crypto, "subtle", waiting];
  const { internet } = host.options;
  if (internet !== undefined) return [compute, [globalThis, "fetch", fakeFetch(host, internet)]];
  if (host.options.allowIo === true) return [compute, [globalThis, "fetch", waitedFetch(host)]];
  return [compute, [globalThis, "fetch", () => Promise.reject(foreign("a fetch() of its own"))]];
}

function fakeFetch(host: GlobalsHost, internet: FakeInternet): typeof fetch {
  return async (input, init) => {
    const request = new Request(input, init);
    return await host.leave(() => internet(request));
  };
}

/** Where it is allowed, time stands still until the answer is there. */
function waitedFetch(host: GlobalsHost): typeof fetch {
  const { fetch } = globalThis;
  return (input, init) => host.compute(fetch(input, init));
}

function named(globals: object): readonly Override[] {
  return Object.entries(globals).map(([name, value]) => [globalThis, name, value] as const);
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

function timeoutSignal(delayMs: number, timers: Timers): AbortSignal {
  const controller = new AbortController();
  timers.setTimeout(() => {
    controller.abort(new DOMException("The operation was aborted due to timeout", "TimeoutError"));
  }, delayMs);
  return controller.signal;
}
