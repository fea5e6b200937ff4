import type { Clock } from "../ports/clock.ts";

/** How a fake run ends. `error` is what `monitor()` rejects with; without one it resolves. */
export interface FakeEnding {
  readonly error?: unknown;
}

/** One start of a fake container, to its end. */
export class FakeRun {
  /** Aborts when the run ends, with the error that broken connections show. */
  readonly signal: AbortSignal;
  /** Settles when it ends; never rejects. */
  readonly ended: Promise<FakeEnding>;
  /** Settles when the platform has started it, or it ended before. */
  readonly started: Promise<unknown>;
  readonly #abort = new AbortController();
  readonly #closed = new Set<number>();
  #resolveEnded: (ending: FakeEnding) => void = () => {};
  #isListening = false;
  #destroyReason: { readonly error: unknown } | undefined;

  constructor(started: Promise<unknown>, boot: Promise<unknown>) {
    this.signal = this.#abort.signal;
    this.ended = new Promise((resolve) => {
      this.#resolveEnded = resolve;
    });
    this.started = Promise.race([started, this.ended]);
    void this.#listenAfter(started, boot);
  }

  /** Whether the process lives. */
  get isRunning(): boolean {
    return !this.signal.aborted;
  }

  /** Says whether `port` takes a connection. */
  isListening(port: number, ports: readonly number[]): boolean {
    return (
      this.isRunning &&
      this.#isListening &&
      ports.includes(port) &&
      !this.#closed.has(port)
    );
  }

  /** Closes or reopens a port of the living app. */
  setOpen(port: number, isOpen: boolean): void {
    if (isOpen) this.#closed.delete(port);
    else this.#closed.add(port);
  }

  /** Ends the run: `running` and `monitor()` change in one step. The first end counts. */
  end(ending: FakeEnding): void {
    if (!this.isRunning) return;
    this.#abort.abort(connectionLost());
    this.#resolveEnded(ending);
  }

  /** Ends the run as `destroy(error)` does: only the first who waits is told `error`. */
  destroy(error: unknown): void {
    if (error !== undefined) this.#destroyReason ??= { error };
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

  async #listenAfter(
    started: Promise<unknown>,
    boot: Promise<unknown>,
  ): Promise<void> {
    await started;
    await boot;
    this.#isListening = true;
  }
}

/** How a run ends by an exit code, in the runtime's words. */
export function exitEnding(exitCode: number, note = ""): FakeEnding {
  if (exitCode === 0) return {};
  const error = new Error(
    `Container exited with unexpected exit code: ${exitCode}${note}`,
  );
  return { error: Object.assign(error, { exitCode }) };
}

/** Waits on `clock`. */
export function delay(clock: Clock, durationMs: number): Promise<void> {
  if (durationMs <= 0) return Promise.resolve();
  return new Promise((resolve) => {
    clock.setTimeout(resolve, durationMs);
  });
}

function connectionLost(): Error {
  return Object.assign(new Error("Network connection lost."), {
    retryable: true,
  });
}
