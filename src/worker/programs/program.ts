import type { Clock } from "../../ports/clock.ts";
import { openByteSource } from "../byte-source.ts";
import { sleep } from "../sleep.ts";

/** Is given each part of an output; the next one is read when it has returned. */
export type OutputSink = (part: Uint8Array) => void | Promise<void>;

/** Who gets what a program writes. */
export interface OutputSinks {
  readonly stdout: OutputSink;
  readonly stderr: OutputSink;
}

/** Makes the sinks of a program, which may end it. */
export type SinkMaker = (end: () => void) => OutputSinks;

const SIGTERM = 15;
const SIGKILL = 9;

/** From SIGTERM to SIGKILL. */
export const KILL_GRACE_MS = 5_000;

/** From SIGKILL until its end is taken for granted: what it has started may hold its outputs open. */
const GIVE_UP_MS = 2_000;

/**
 * A program that runs in the container. Both its outputs are read to their ends whatever becomes of
 * it: workerd does not tell an exit before that, and crashes when one is cancelled that goes on.
 */
export class Program {
  /** Its exit code; `null` when it was killed and its end was not seen. */
  readonly ended: Promise<number | null>;
  readonly #child: ExecProcess;
  readonly #clock: Clock;
  readonly #givenUp = Promise.withResolvers<null>();
  #isEnding = false;

  constructor(child: ExecProcess, makeSinks: SinkMaker, clock: Clock) {
    this.#child = child;
    this.#clock = clock;
    const sinks = makeSinks(() => this.end());
    const outputs = [pass(child.stdout, sinks.stdout), pass(child.stderr, sinks.stderr)];
    const exit = Promise.all([child.exitCode, ...outputs]).then(([exitCode]) => exitCode);
    this.ended = Promise.race([exit, this.#givenUp.promise]);
    this.ended.catch(() => {}); // told to whoever awaits it
  }

  /** Whether we ended it: its exit code says nothing then. */
  get isEnding(): boolean {
    return this.#isEnding;
  }

  /** Ends it: by SIGTERM, then SIGKILL, and then without it. */
  end(): void {
    if (this.#isEnding) return;
    this.#isEnding = true;
    void this.#escalate();
  }

  /** Sends it a signal; one that has ended takes none. */
  kill(signal: number): void {
    try {
      this.#child.kill(signal);
    } catch {
      // it has ended
    }
  }

  async #escalate(): Promise<void> {
    const over = new AbortController();
    this.ended.finally(() => over.abort()).catch(() => {});
    this.kill(SIGTERM);
    await sleep(this.#clock, KILL_GRACE_MS, over.signal);
    if (over.signal.aborted) return;
    this.kill(SIGKILL);
    await sleep(this.#clock, GIVE_UP_MS, over.signal);
    this.#givenUp.resolve(null);
  }
}

/** A stream that breaks is over: how the program ended tells the rest. */
async function pass(stream: ReadableStream | null | undefined, sink: OutputSink): Promise<void> {
  if (!stream) return; // workerd has undefined for the second output of a terminal
  const source = openByteSource(stream as ReadableStream<Uint8Array>); // what programs write
  const read = (): Promise<Uint8Array | undefined> => source.read().catch(() => undefined);
  for (let part = await read(); part !== undefined; part = await read()) await sink(part);
}
