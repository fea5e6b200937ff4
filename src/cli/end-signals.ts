import { constants } from "node:os";

const END_SIGNALS = ["SIGINT", "SIGTERM", "SIGHUP"] as const;

/** A signal by which someone asks us to end. */
export type EndSignal = (typeof END_SIGNALS)[number];

/**
 * Takes the signals that would end this process, from its making until it is disposed of, so that
 * what was started can be given back first, whenever they come.
 */
export class EndSignals implements Disposable {
  readonly #onSignal = (signal: NodeJS.Signals): void => this.#take(signal);
  #first: EndSignal | undefined;
  #listener: (signal: EndSignal) => void = () => undefined;

  constructor() {
    for (const signal of END_SIGNALS) process.on(signal, this.#onSignal);
  }

  /** The exit code that tells of the first signal; undefined while none came. */
  get exitCode(): number | undefined {
    return this.#first === undefined ? undefined : 128 + constants.signals[this.#first];
  }

  /** Hands signals that come from now on to one listener; the last given counts. */
  listen(listener: (signal: EndSignal) => void): void {
    this.#listener = listener;
  }

  [Symbol.dispose](): void {
    for (const signal of END_SIGNALS) process.off(signal, this.#onSignal);
  }

  #take(signal: NodeJS.Signals): void {
    const known = END_SIGNALS.find((name) => name === signal);
    if (known === undefined) return;
    this.#first ??= known;
    this.#listener(known);
  }
}
