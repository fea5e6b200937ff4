import type { Clock } from "../ports/clock.ts";

/** How a fake run ends. `error` is what `monitor()` rejects with; without one it resolves. */
export interface FakeEnding {
  readonly error?: Error;
}

/**
 * One start of a fake container, to its end.
 *
 * Holds nothing but plain values and promises: in workerd a signal, a timer or a stream belongs to
 * the object that made it, while a container outlives its object and is commanded by tests.
 */
export class FakeRun {
  /** Settles when it ends; never rejects. */
  readonly ended: Promise<FakeEnding>;
  readonly #opened = new Map<number, boolean>();
  readonly #listensAtMs: number;
  readonly #clock: Clock;
  #resolveEnded: (ending: FakeEnding) => void = () => {};
  #isRunning = true;
  #isBooted: boolean;
  #destroyReason: { readonly error: unknown } | undefined;

  /**
   * @param clock whose time it is
   * @param bootMs how long from now until it listens
   * @param boot what else must resolve first
   */
  constructor(clock: Clock, bootMs: number, boot: Promise<unknown> | undefined) {
    this.#clock = clock;
    this.#listensAtMs = clock.now() + bootMs;
    this.#isBooted = boot === undefined;
    void boot?.then(() => {
      this.#isBooted = true;
    });
    this.ended = new Promise((resolve) => {
      this.#resolveEnded = resolve;
    });
  }

  /** Whether the process lives. */
  get isRunning(): boolean {
    return this.#isRunning;
  }

  /** Says whether `port`, one of `ports`, takes a connection. */
  isListening(port: number, ports: readonly number[]): boolean {
    const isUp = this.#isRunning && this.#isBooted && this.#clock.now() >= this.#listensAtMs;
    return isUp && (this.#opened.get(port) ?? ports.includes(port));
  }

  /** Closes or opens a port of the living app. */
  setOpen(port: number, isOpen: boolean): void {
    this.#opened.set(port, isOpen);
  }

  /** Ends the run: `running` and `monitor()` change in one step. The first end counts. */
  end(ending: FakeEnding): void {
    this.#isRunning = false;
    this.#resolveEnded(ending);
  }

  /** Ends the run as `destroy(error)` does: only the first who waits is told `error`. */
  destroy(error: unknown): void {
    if (!this.#isRunning) return;
    if (error !== undefined) this.#destroyReason = { error };
    this.end(exitEnding(137));
  }

  /** What `monitor()` answers with. */
  async outcome(): Promise<void> {
    const ending = await this.ended;
    const reason = this.#destroyReason;
    this.#destroyReason = undefined;
    if (reason) throw reason.error;
    if (ending.error !== undefined) throw ending.error;
  }

  /** Waits for `work`, or for the end of the run: then it rejects as a cut connection does. */
  async orCut<T>(work: Promise<T>): Promise<T> {
    const cut = this.ended.then(() => Promise.reject(connectionLost()));
    return Promise.race([work, cut]);
  }
}

/** How a run ends by an exit code, in the runtime's words. */
export function exitEnding(exitCode: number, note = ""): FakeEnding {
  if (exitCode === 0) return {};
  const error = new Error(`Container exited with unexpected exit code: ${exitCode}${note}`);
  return { error: Object.assign(error, { exitCode }) };
}

/** The error of a connection that broke, in the runtime's words. */
export function connectionLost(): Error {
  return Object.assign(new Error("Network connection lost."), {
    retryable: true,
  });
}
