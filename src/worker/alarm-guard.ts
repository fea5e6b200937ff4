import { ContainerError } from "../errors/container-error.ts";

type AlarmHandler = (info?: AlarmInvocationInfo) => Promise<void>;

/** A container object, as far as its alarm goes. */
export interface AlarmedObject {
  readonly constructor: { readonly name: string };
  readonly alarm: AlarmHandler;
}

/** What the guard works with. */
export interface GuardParts {
  /** Does what is due of ours. */
  readonly handle: () => Promise<void>;
  readonly report: (error: unknown) => void;
}

/**
 * Sees to it that our part of the alarm is done although a class overrides `alarm()` and forgets
 * to call it: without that nothing would ever stop the container.
 */
export class AlarmGuard {
  readonly #parts: GuardParts;
  #handled = 0;
  #isTold = false;

  constructor(parts: GuardParts) {
    this.#parts = parts;
  }

  /** Does our part: what `super.alarm()` comes to. */
  async handle(): Promise<void> {
    this.#handled += 1;
    await this.#parts.handle();
  }

  /**
   * Puts itself before a class's own `alarm()`. The runtime calls what the object itself has, and
   * RPC reaches only what its class has, so nobody can tell but by our part being done.
   */
  wrap(object: AlarmedObject): void {
    const own = object.alarm;
    const value: AlarmHandler = async (info) => {
      const before = this.#handled;
      try {
        await Reflect.apply(own, object, [info]);
      } finally {
        if (this.#handled === before) await this.#makeUp(object.constructor.name);
      }
    };
    Object.defineProperty(object, "alarm", { value, configurable: true });
  }

  async #makeUp(className: string): Promise<void> {
    if (!this.#isTold) {
      this.#isTold = true;
      this.#parts.report(
        new ContainerError(
          "INVALID_CONFIG",
          `Cannot rely on ${className}.alarm(): it does not call super.alarm(); call it, or use setAlarm() and onAlarm() for an alarm of your own`,
        ),
      );
    }
    await this.handle();
  }
}
