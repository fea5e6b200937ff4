import { followRedirects } from "../follow-redirects.ts";
import { callByRpc } from "./call-method.ts";
import { lostConnection, overloaded } from "./platform-errors.ts";
import type { SimulatedObject } from "./simulated-object.ts";
import type { World } from "./world.ts";

/** How the next calls of a stub are led astray. */
export type StubFault = "drop" | "duplicate" | "overloaded";

/** A stub of a simulated object, as a Worker has it. */
export class SimulatedStub {
  /** The object's id. */
  readonly id: { toString(): string };
  /** The object's name. */
  readonly name: string;
  readonly #world: World;
  readonly #object: SimulatedObject;
  #faults: StubFault[] = [];

  constructor(world: World, object: SimulatedObject) {
    this.#world = world;
    this.#object = object;
    this.id = object.plan.id;
    this.name = object.plan.name;
  }

  /** What reset the object, each time. */
  get resets(): readonly unknown[] {
    return this.#object.resets;
  }

  /** Leads the next call astray. */
  inject(fault: StubFault): void {
    this.#faults.push(fault);
  }

  /** Lets calls through as they should from now on. */
  heal(): void {
    this.#faults = [];
  }

  /** Sends a request to the object. Its signal aborts when the client leaves, also mid-body. */
  async fetch(input: RequestInfo | URL, init?: RequestInit): Promise<Response> {
    const request = new Request(absolute(input), init);
    return await followRedirects(request, (sent) => this.#send(sent));
  }

  async #send(request: Request): Promise<Response> {
    const client = new AbortController();
    const leave = (): void => client.abort(request.signal.reason);
    if (request.signal.aborted) leave();
    else request.signal.addEventListener("abort", leave, { once: true });
    const sent = new Request(request, { signal: client.signal });
    return await this.#carry(() =>
      untilAborted(
        client.signal,
        this.#object.fetch(sent.clone() as Request, (reason) => client.abort(reason)),
      ),
    );
  }

  /** Calls a method of the object. */
  async call(method: string, args: readonly unknown[]): Promise<unknown> {
    this.#object.note(`rpc ${method}`);
    const objectId = this.id.toString();
    return await this.#carry(() =>
      this.#object.deliver((instance) => callByRpc(instance, { method, args, objectId })),
    );
  }

  async #carry<Result>(deliver: () => Promise<Result>): Promise<Result> {
    const fault = this.#faults.shift();
    await this.#world.scheduler.latency(this.#world.latency.stubMs);
    if (fault === "overloaded") throw overloaded();
    if (fault === "drop") throw lostConnection();
    if (fault === "duplicate") await deliver();
    const result = await deliver();
    await this.#world.scheduler.latency(this.#world.latency.stubMs);
    return result;
  }
}

/** The methods of a class as a stub has them. */
export type RemoteMethods<Instance> = {
  readonly [Name in MethodName<Instance>]: (
    ...args: ArgumentsOf<Instance, Name>
  ) => Promise<ResultOf<Instance, Name>>;
};

/** The names of the methods that a stub has of a class, beside `fetch()`. */
export type MethodName<Instance> = {
  [Name in keyof Instance]: Instance[Name] extends (...args: never[]) => unknown ? Name : never;
}[keyof Instance] &
  Exclude<string, keyof SimulatedStub>;

/** What a method takes. */
export type ArgumentsOf<Instance, Name extends keyof Instance> = Instance[Name] extends (
  ...args: infer Arguments
) => unknown
  ? Arguments
  : never;

/** What a method gives, once it is there. */
export type ResultOf<Instance, Name extends keyof Instance> = Instance[Name] extends (
  ...args: never[]
) => infer Result
  ? Awaited<Result>
  : never;

/**
 * What Workers have of a stub: `fetch()` and, by their names, the methods of the class. As on the
 * platform it is broken once its object was reset: from then on each call fails with what reset it.
 */
export function workerStub(stub: SimulatedStub): object {
  let first: number | undefined;
  const whole = async <Result>(call: () => Promise<Result>): Promise<Result> => {
    const { resets } = stub;
    first ??= resets.length;
    if (resets.length > first) throw resets[first];
    return await call();
  };
  const fetch = (...args: Parameters<SimulatedStub["fetch"]>): Promise<Response> =>
    whole(() => stub.fetch(...args));
  const own = { fetch, id: stub.id, name: stub.name };
  return withMethods((name, args) => whole(() => stub.call(name, args)), own);
}

/** A stub as Workers have it, and what tests do with it beside. */
export function testStub(stub: SimulatedStub): object {
  const call = stub.call.bind(stub);
  const inject = stub.inject.bind(stub);
  const heal = stub.heal.bind(stub);
  const fetch = stub.fetch.bind(stub);
  const own = { fetch, id: stub.id, name: stub.name, call, inject, heal };
  return withMethods(call, own);
}

/** Every other name is that of a method; one for `then()` would make a promise of it. */
function withMethods(call: SimulatedStub["call"], own: object): object {
  return new Proxy(own, {
    get(target, name): unknown {
      if (name in target || typeof name === "symbol" || name === "then") {
        return Reflect.get(target, name) as unknown;
      }
      return (...args: unknown[]) => call(name, args);
    },
  });
}

function absolute(input: RequestInfo | URL): RequestInfo | URL {
  return typeof input === "string" ? new URL(input, "http://simulated") : input;
}

function untilAborted<Result>(signal: AbortSignal, work: Promise<Result>): Promise<Result> {
  return new Promise((resolve, reject) => {
    const leave = (): void => reject(signal.reason as Error);
    if (signal.aborted) leave();
    signal.addEventListener("abort", leave);
    work.then(resolve, reject).finally(() => signal.removeEventListener("abort", leave));
  });
}
