import type { Clock } from "../ports/clock.ts";
import { sleep } from "./sleep.ts";

/** What can be told to close. */
export interface Closable {
  close(code: number, reason: string): void;
}

/** How sockets are closed, and when. */
export interface Closing {
  /** Close code: 1001 when the container goes to sleep, 1012 when it stops or restarts. */
  readonly code: number;
  /** At most 123 bytes. */
  readonly reason: string;
  /** Over how long many are closed, in milliseconds; 0 for at once. */
  readonly spreadMs: number;
}

/** So many may come back at once. */
const FEW = 10;

/** Sockets are closed in turns no closer than this. */
const TURN_MS = 20;

/** The sockets of one object in memory. They are gone with it. */
export class OpenSockets {
  readonly #clock: Clock;
  readonly #open = new Set<Closable>();

  constructor(clock: Clock) {
    this.#clock = clock;
  }

  /** How many there are. */
  get size(): number {
    return this.#open.size;
  }

  add(sockets: Closable): void {
    this.#open.add(sockets);
  }

  remove(sockets: Closable): void {
    this.#open.delete(sockets);
  }

  /**
   * Closes those that are open now. Many are closed evenly over the time given, so that their
   * clients do not all come back in the same moment. Resolves when they are closed; another call
   * meanwhile closes at its own pace what is left.
   */
  async closeAll({ code, reason, spreadMs }: Closing): Promise<void> {
    const all = [...this.#open];
    const turns = all.length > FEW ? Math.max(1, Math.floor(spreadMs / TURN_MS)) : 1;
    const perTurn = Math.ceil(all.length / turns);
    for (let begin = 0; begin < all.length; begin += perTurn) {
      if (begin > 0) await sleep(this.#clock, (spreadMs * perTurn) / all.length);
      for (const sockets of all.slice(begin, begin + perTurn)) {
        if (this.#open.delete(sockets)) sockets.close(code, reason);
      }
    }
  }
}
