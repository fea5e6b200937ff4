import { callMethod, evicted, type SimulatedObject } from "./simulated-object.ts";
import type { World } from "./world.ts";

/** How the next calls of a stub are led astray. */
export type StubFault = "drop" | "duplicate" | "overloaded";

/** A stub of a simulated object, as a Worker has it. */
export class SimulatedStub {
  readonly #world: World;
  readonly #object: SimulatedObject;
  #faults: StubFault[] = [];

  constructor(world: World, object: SimulatedObject) {
    this.#world = world;
    this.#object = object;
  }

  /** Leads the next call astray. */
  inject(fault: StubFault): void {
    this.#faults.push(fault);
  }

  /** Lets calls through as they should from now on. */
  heal(): void {
    this.#faults = [];
  }

  async fetch(input: RequestInfo | URL, init?: RequestInit): Promise<Response> {
    const request = new Request(new Request(absolute(input), init));
    return await this.#carry(() =>
      untilAborted(request.signal, this.#object.fetch(request.clone() as Request)),
    );
  }

  async call(method: string, args: readonly unknown[]): Promise<unknown> {
    this.#object.note(`rpc ${method}`);
    return await this.#carry(() =>
      this.#object.deliver((instance) => callMethod(instance, method, [...args])),
    );
  }

  async #carry<Result>(deliver: () => Promise<Result>): Promise<Result> {
    const fault = this.#faults.shift();
    await this.#world.scheduler.latency(this.#world.latency.stubMs);
    if (fault === "overloaded") throw overloaded();
    if (fault === "drop") throw evicted();
    if (fault === "duplicate") await deliver();
    const result = await deliver();
    await this.#world.scheduler.latency(this.#world.latency.stubMs);
    return result;
  }
}

function absolute(input: RequestInfo | URL): RequestInfo | URL {
  return typeof input === "string" ? new URL(input, "http://simulated") : input;
}

function overloaded(): Error {
  const error = new Error("Durable Object is overloaded. Too many requests queued.");
  return Object.assign(error, { overloaded: true, retryable: false });
}

function untilAborted<Result>(signal: AbortSignal, work: Promise<Result>): Promise<Result> {
  return new Promise((resolve, reject) => {
    const leave = (): void => reject(signal.reason as Error);
    if (signal.aborted) leave();
    signal.addEventListener("abort", leave);
    work.then(resolve, reject).finally(() => signal.removeEventListener("abort", leave));
  });
}
