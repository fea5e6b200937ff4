import { InputGate } from "./input-gate.ts";
import type { EventOwner } from "./scheduler.ts";

/** What a life needs of its world. */
export interface LifeHost {
  nextSerial(): number;
  /** Has something happen at this moment of virtual time, in a turn of its own. */
  soon(work: () => void, owner: EventOwner): void;
}

/** One life of an object in memory: from its constructor to its eviction. */
export class Incarnation implements EventOwner {
  readonly serial: number;
  /** The world it belongs to. */
  readonly world: object;
  /** What lets events through to its code. */
  readonly gate: InputGate;
  /** The user's object; undefined until its constructor has returned. */
  instance: object | undefined;
  readonly #onIdle: () => void;
  readonly #mourners = new Set<(reason: unknown) => void>();
  #end: { readonly reason: unknown } | undefined;
  #holds = 0;

  /** @param onIdle called each time when nothing holds the object any more */
  constructor(world: LifeHost, onIdle: () => void) {
    this.world = world;
    this.serial = world.nextSerial();
    this.gate = new InputGate((work) => {
      world.soon(() => {
        if (!this.isDead) work();
      }, this);
    });
    this.#onIdle = onIdle;
  }

  get isDead(): boolean {
    return this.#end !== undefined;
  }

  /** Throws when this life is over: its code goes on, but reaches nothing any more. */
  check(): void {
    if (this.isDead) {
      throw new Error("Cannot perform I/O on behalf of a Durable Object that was reset.");
    }
  }

  /** Whether something keeps the object in memory. */
  get isHeld(): boolean {
    return this.#holds > 0;
  }

  /** Keeps the object in memory until the returned function is called. */
  hold(): () => void {
    this.#holds += 1;
    let isHeld = true;
    return () => {
      if (!isHeld) return;
      isHeld = false;
      this.#holds -= 1;
      if (this.#holds === 0 && !this.isDead) this.#onIdle();
    };
  }

  /** Keeps the object in memory until the work is settled. */
  holdDuring<Result>(work: Promise<Result>): Promise<Result> {
    const release = this.hold();
    return work.finally(release);
  }

  /**
   * Has `mourn` called when this life is over.
   *
   * @returns what forgets it
   */
  onDeath(mourn: (reason: unknown) => void): () => void {
    if (this.#end !== undefined) mourn(this.#end.reason);
    else this.#mourners.add(mourn);
    return () => void this.#mourners.delete(mourn);
  }

  /** Waits for `work`, or for the end of this life: then it rejects with the reason of that. */
  orDeath<Result>(work: Promise<Result>): Promise<Result> {
    return new Promise((resolve, reject) => {
      const forget = this.onDeath(reject);
      work.then(resolve, reject).finally(forget);
    });
  }

  /** Ends this life; whoever waits for it gets the reason. */
  end(reason: unknown): void {
    if (this.#end !== undefined) return;
    this.#end = { reason };
    for (const mourn of this.#mourners) mourn(reason);
    this.#mourners.clear();
  }
}
