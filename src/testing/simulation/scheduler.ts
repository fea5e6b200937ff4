import type { Clock, TimerId } from "../../ports/clock.ts";
import { EventQueue, type QueuedEvent } from "./event-queue.ts";

/** Who an event belongs to: what one owner set for one moment happens in the order it was set. */
export interface EventOwner {
  /** A number of its own. */
  readonly serial: number;
}

/** From when to when an operation takes, in milliseconds. */
export type LatencyRange = readonly [leastMs: number, mostMs: number];

// Taken at load, before any world makes them virtual.
const realSetImmediate: ((callback: () => void) => unknown) | undefined = Reflect.get(
  globalThis,
  "setImmediate",
) as typeof realSetImmediate;
const realSetTimeout = globalThis.setTimeout;

/**
 * Virtual time and everything that is to happen in it. What is due at one moment and belongs to
 * different owners happens in an order that the seed decides.
 */
export class Scheduler implements Clock {
  readonly #queue = new EventQueue();
  readonly #random: () => number;
  readonly #salt: number;
  /** How many events have happened. */
  turn = 0;
  #nowMs: number;
  #sequence = 0;

  constructor(epochMs: number, random: () => number) {
    this.#nowMs = epochMs;
    this.#random = random;
    this.#salt = Math.floor(random() * 2 ** 30);
  }

  now(): number {
    return this.#nowMs;
  }

  /** Has `run` happen at a moment, now at the earliest. */
  at(atMs: number, run: () => void, owner?: EventOwner): QueuedEvent {
    this.#sequence += 1;
    const dueAtMs = Math.max(Math.ceil(atMs), this.#nowMs); // a clock of whole milliseconds, as in Workers
    const event = {
      atMs: dueAtMs,
      tie: mix(this.#salt, owner?.serial ?? 0, dueAtMs),
      sequence: this.#sequence,
      run,
      isCancelled: false,
    };
    this.#queue.add(event);
    return event;
  }

  /** Resolves after a time that the seed draws from a range. */
  latency([leastMs, mostMs]: LatencyRange, owner?: EventOwner): Promise<void> {
    const delayMs = leastMs + this.#random() * (mostMs - leastMs);
    return new Promise((resolve) => {
      this.at(this.#nowMs + Math.round(delayMs), resolve, owner);
    });
  }

  setTimeout(callback: () => void, delayMs: number): TimerId {
    return this.at(this.#nowMs + Math.max(0, delayMs), callback);
  }

  clearTimeout(timer: TimerId): void {
    const event = timer as QueuedEvent | undefined;
    if (event !== undefined) event.isCancelled = true;
  }

  /** When the next event is due; undefined when there is none. */
  get nextAtMs(): number | undefined {
    return this.#queue.peek()?.atMs;
  }

  /** Moves to the next event and has it happen. */
  step(): void {
    const event = this.#queue.take();
    if (event === undefined) return;
    this.#nowMs = Math.max(this.#nowMs, event.atMs);
    this.turn += 1;
    event.run();
  }

  /** Moves time on where nothing happens. */
  moveTo(atMs: number): void {
    this.#nowMs = Math.max(this.#nowMs, atMs);
  }

  /** Sets the clock, forwards or backwards, as an operator does: what is due stays as far away. */
  jump(deltaMs: number): void {
    const events: QueuedEvent[] = [];
    for (let event = this.#queue.take(); event !== undefined; event = this.#queue.take()) {
      events.push(event);
    }
    this.#nowMs += deltaMs;
    for (const event of events) {
      event.atMs += deltaMs;
      this.#queue.add(event);
    }
  }
}

/** Lets everything happen that needs no time: what is in the queues of the engine itself. */
export function drain(): Promise<void> {
  return new Promise((resolve) => {
    if (realSetImmediate === undefined) realSetTimeout(resolve, 0);
    else realSetImmediate(resolve);
  });
}

function mix(a: number, b: number, c: number): number {
  let hash = Math.imul(a ^ (b + 0x9e3779b9), 0x85ebca6b) ^ c;
  hash = Math.imul(hash ^ (hash >>> 13), 0xc2b2ae35);
  return (hash ^ (hash >>> 16)) >>> 0;
}
