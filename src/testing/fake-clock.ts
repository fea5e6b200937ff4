import type { Clock, TimerId } from "../ports/clock.ts";

interface Timer {
  readonly atMs: number;
  readonly callback: () => void;
}

// Taken at load, so that a test framework's fake timers cannot stop `advance()` itself.
const realSetTimeout = globalThis.setTimeout;

/**
 * Time that moves only when told to.
 *
 * @example
 * ```ts
 * const clock = new FakeClock();
 * const container = new FakeContainer({ bootMs: 800, clock });
 * container.start();
 * await clock.advance(800); // now it listens
 * ```
 */
export class FakeClock implements Clock {
  readonly #timers = new Map<number, Timer>();
  #nowMs: number;
  #lastId = 0;

  /** @param startMs the time at first, in milliseconds since the epoch (default: 2026-01-01) */
  constructor(startMs = Date.UTC(2026, 0, 1)) {
    this.#nowMs = startMs;
  }

  /** How many timers wait. */
  get pending(): number {
    return this.#timers.size;
  }

  now(): number {
    return this.#nowMs;
  }

  setTimeout(callback: () => void, delayMs: number): TimerId {
    this.#lastId += 1;
    this.#timers.set(this.#lastId, {
      atMs: this.#nowMs + Math.max(0, delayMs),
      callback,
    });
    return this.#lastId;
  }

  clearTimeout(timer: TimerId): void {
    if (typeof timer === "number") this.#timers.delete(timer);
  }

  /**
   * Moves time on, and runs what is due in the order of its time. Between two timers the event
   * loop turns once, so that what they set off can set timers of its own.
   *
   * @param durationMs how far, in milliseconds
   */
  async advance(durationMs: number): Promise<void> {
    const targetMs = this.#nowMs + durationMs;
    await turnEventLoop();
    for (let due = this.#next(targetMs); due; due = this.#next(targetMs)) {
      const [id, timer] = due;
      this.#timers.delete(id);
      this.#nowMs = Math.max(this.#nowMs, timer.atMs);
      timer.callback();
      await turnEventLoop();
    }
    this.#nowMs = targetMs;
  }

  #next(untilMs: number): [number, Timer] | undefined {
    let first: [number, Timer] | undefined;
    for (const entry of this.#timers) {
      if (entry[1].atMs <= untilMs && (!first || entry[1].atMs < first[1].atMs)) first = entry;
    }
    return first;
  }
}

function turnEventLoop(): Promise<void> {
  return new Promise((resolve) => {
    realSetTimeout(resolve, 0);
  });
}
