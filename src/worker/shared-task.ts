import type { Clock } from "../ports/clock.ts";

/** How one caller waits for a shared task. */
export interface Patience {
  /** Lets this caller leave early. */
  readonly signal?: AbortSignal | undefined;
  /** How long this caller waits at first, in milliseconds. */
  readonly timeoutMs: number;
  /** Decides, when that time is over: the error to leave with, or how many more milliseconds. */
  readonly onTimeout: () => Error | number;
  /** Makes the error to leave with when the signal aborts. */
  readonly onAbort: () => Error;
}

/**
 * One piece of work that many callers wait for, each with its own patience.
 *
 * A caller that leaves harms nobody. When the last one has left, the work's signal aborts, so that
 * nothing goes on that nobody wants.
 */
export class SharedTask<Result> {
  readonly #clock: Clock;
  readonly #abandon = new AbortController();
  readonly #work: Promise<Result>;
  #waiting = 0;

  constructor(clock: Clock, work: (abandoned: AbortSignal) => Promise<Result>) {
    this.#clock = clock;
    this.#work = work(this.#abandon.signal);
  }

  /** Whether everybody has left, so that the work is ending for nobody. */
  get isAbandoned(): boolean {
    return this.#abandon.signal.aborted;
  }

  /** Waits for the result as one of its callers. */
  async join(patience: Patience): Promise<Result> {
    this.#waiting += 1;
    const departure = Promise.withResolvers<never>();
    const { signal } = patience;
    const onAbort = (): void => departure.reject(patience.onAbort());
    if (signal?.aborted === true) onAbort();
    signal?.addEventListener("abort", onAbort);
    const onTimeout = (): void => {
      const verdict = patience.onTimeout();
      if (typeof verdict !== "number") departure.reject(verdict);
      else timer = this.#clock.setTimeout(onTimeout, verdict);
    };
    let timer = this.#clock.setTimeout(onTimeout, patience.timeoutMs);
    try {
      return await Promise.race([this.#work, departure.promise]);
    } finally {
      this.#clock.clearTimeout(timer);
      signal?.removeEventListener("abort", onAbort);
      this.#waiting -= 1;
      if (this.#waiting === 0) this.#abandon.abort();
    }
  }
}
