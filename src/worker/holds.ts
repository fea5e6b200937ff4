import { parseDuration, type Duration } from "../core/duration.ts";
import { ContainerError } from "../errors/container-error.ts";
import { shown } from "../errors/shown.ts";
import type { Clock } from "../ports/clock.ts";
import type { Supervisor } from "./supervisor.ts";

/** How long a hold lasts that nobody releases, where its maker does not say. */
const DEFAULT_TTL = "15m";

/** How a hold is made. */
export interface HoldOptions {
  /** When the hold runs out by itself: a duration from now (default: 15 min). */
  readonly ttl?: Duration;
}

/**
 * What keeps an instance awake without a request. Written down, so that it outlives the object's
 * memory; and with an end of its own, so that a lost one keeps nothing for ever.
 */
export class Holds {
  readonly #supervisor: Supervisor;
  readonly #clock: Clock;
  #lastId = 0;

  constructor(supervisor: Supervisor, clock: Clock) {
    this.#supervisor = supervisor;
    this.#clock = clock;
  }

  /**
   * Makes a hold, or gives one of the same name its time anew.
   *
   * @throws {ContainerError} `INVALID_ARGUMENT` when the name is empty; `INVALID_DURATION`
   */
  add(name: string, { ttl = DEFAULT_TTL }: HoldOptions): void {
    if (typeof name !== "string" || name === "") {
      throw new ContainerError(
        "INVALID_ARGUMENT",
        `Cannot hold the container: ${shown(name)} is not a name; use a text of one letter or more`,
      );
    }
    const untilMs = this.#clock.now() + parseDuration(ttl, "ttl");
    this.#supervisor.hold({ ...this.#live(), [name]: untilMs });
  }

  /** Ends a hold; one that is not there, or ran out, is no mistake. */
  remove(name: string): void {
    const { [name]: held, ...others } = this.#live();
    if (held !== undefined) this.#supervisor.hold(others);
  }

  /** Holds while a piece of work is under way, at most for `ttl`. */
  async during<Result>(work: Promise<Result>, options: HoldOptions): Promise<Result> {
    this.#lastId += 1;
    const name = `while-${this.#clock.now()}-${this.#lastId}`;
    this.add(name, options);
    try {
      return await work;
    } finally {
      this.remove(name);
    }
  }

  #live(): Readonly<Record<string, number>> {
    const nowMs = this.#clock.now();
    const { holds } = this.#supervisor.instance;
    return Object.fromEntries(Object.entries(holds).filter(([, untilMs]) => untilMs > nowMs));
  }
}
