import type { EventOwner } from "./scheduler.ts";

/** One life of an object in memory: from its constructor to its eviction. */
export class Incarnation implements EventOwner {
  readonly serial: number;
  /** The world it belongs to. */
  readonly world: object;
  /** The user's object; undefined until its constructor has returned. */
  instance: object | undefined;
  /** Resolves when events may be delivered: after what the constructor blocks them for. */
  gate: Promise<unknown> = Promise.resolve();
  /** Rejects when this life is over. */
  readonly died: Promise<never>;
  readonly #onIdle: () => void;
  #reject: (reason: unknown) => void = () => {};
  #isDead = false;
  #holds = 0;

  /** @param onIdle called each time when nothing holds the object any more */
  constructor(world: { nextSerial(): number }, onIdle: () => void) {
    this.world = world;
    this.serial = world.nextSerial();
    this.#onIdle = onIdle;
    this.died = new Promise((_resolve, reject) => {
      this.#reject = reject;
    });
    this.died.catch(() => {}); // whoever waits for it is told
  }

  get isDead(): boolean {
    return this.#isDead;
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
      if (this.#holds === 0 && !this.#isDead) this.#onIdle();
    };
  }

  /** Keeps the object in memory until the work is settled. */
  holdDuring<Result>(work: Promise<Result>): Promise<Result> {
    const release = this.hold();
    return work.finally(release);
  }

  /** Ends this life; whoever waits for it gets the reason. */
  end(reason: unknown): void {
    this.#isDead = true;
    this.#reject(reason);
  }
}
