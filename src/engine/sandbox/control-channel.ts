import type { Duplex } from "node:stream";

/** Speaks lines with a shell that prepares a container. */
export class ControlChannel {
  readonly #stream: Duplex;
  #text = "";
  #hasEnded = false;
  #wake: (() => void) | undefined;

  constructor(stream: Duplex) {
    this.#stream = stream;
    const end = (): void => {
      this.#hasEnded = true;
      this.#wake?.();
    };
    stream.on("data", (chunk: Buffer) => {
      this.#text += chunk.toString();
      this.#wake?.();
    });
    stream.on("error", end);
    stream.on("close", end);
    stream.on("end", end);
  }

  /** Reads until a line starts with `word`; everything up to the end when none does. */
  async until(word: string): Promise<{ readonly line: string | undefined; readonly text: string }> {
    for (;;) {
      const line = this.#text
        .split("\n")
        .slice(0, -1)
        .find((each) => each.startsWith(word));
      if (line !== undefined || this.#hasEnded) return { line, text: this.#text.trim() };
      await new Promise<void>((resolve) => (this.#wake = resolve));
    }
  }

  /** Writes a line. */
  tell(line: string): void {
    this.#stream.write(`${line}\n`);
  }

  /** Frees the engine's end. */
  close(): void {
    this.#stream.destroy();
  }
}
