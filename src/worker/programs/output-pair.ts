import type { OutputSinks } from "./program.ts";

/** Both outputs of a program as streams for its caller: as fast as that reads, and no faster. */
export class OutputPair {
  readonly stdout = new OutputStream();
  readonly stderr = new OutputStream();
  #leftBytes: number;
  #isTruncated = false;

  /** @param maxBytes how much may pass through both together */
  constructor(maxBytes: number) {
    this.#leftBytes = maxBytes;
  }

  /** Whether more was written than was passed on. */
  get isTruncated(): boolean {
    return this.#isTruncated;
  }

  /** @param stop ends the program: its caller left, or it wrote too much */
  sinks(stop: () => void): OutputSinks {
    return {
      stdout: (part) => this.#pass(this.stdout, part, stop),
      stderr: (part) => this.#pass(this.stderr, part, stop),
    };
  }

  /** Ends both streams, or breaks them. */
  finish(error?: unknown): void {
    this.stdout.finish(error);
    this.stderr.finish(error);
  }

  async #pass(stream: OutputStream, part: Uint8Array, stop: () => void): Promise<void> {
    const passed = part.subarray(0, this.#leftBytes);
    this.#leftBytes -= passed.length;
    if (passed.length < part.length) {
      this.#isTruncated = true;
      stop();
    }
    if (passed.length > 0 && (await stream.write(passed)) === "left") stop();
  }
}

class OutputStream {
  readonly readable: ReadableStream<Uint8Array>;
  readonly #writer: WritableStreamDefaultWriter<Uint8Array>;
  #isOpen = true;

  constructor() {
    const { readable, writable } = new IdentityTransformStream();
    this.readable = readable;
    this.#writer = writable.getWriter();
  }

  /** Passes a part on; what nobody is there for is dropped. */
  async write(part: Uint8Array): Promise<"passed" | "left"> {
    if (!this.#isOpen) return "left";
    try {
      await this.#writer.write(part);
      return "passed";
    } catch {
      this.#isOpen = false;
      return "left";
    }
  }

  /** Whoever does not read may never know: nobody waits for that. */
  finish(error: unknown): void {
    this.#isOpen = false;
    const told = error === undefined ? this.#writer.close() : this.#writer.abort(error);
    told.catch(() => {});
  }
}
