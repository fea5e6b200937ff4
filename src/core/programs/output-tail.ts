/** The end of what a program writes to one output. */
export class OutputTail {
  readonly #maxBytes: number;
  #bytes = new Uint8Array();

  constructor(maxBytes: number) {
    this.#maxBytes = maxBytes;
  }

  /** Takes a part, of which a copy is kept. */
  take(part: Uint8Array): void {
    const keptBytes = Math.max(0, this.#maxBytes - part.length);
    const kept = keptBytes === 0 ? new Uint8Array() : this.#bytes.subarray(-keptBytes);
    const last = part.subarray(Math.max(0, part.length - this.#maxBytes));
    const bytes = new Uint8Array(kept.length + last.length);
    bytes.set(kept);
    bytes.set(last, kept.length);
    this.#bytes = bytes;
  }

  /** What is kept, as text; a character that was cut in two at the beginning is left out. */
  get text(): string {
    const isCut = this.#bytes.length === this.#maxBytes;
    const start = isCut ? this.#bytes.findIndex((byte) => (byte & 0xc0) !== 0x80) : 0;
    return new TextDecoder().decode(this.#bytes.subarray(Math.max(0, start)));
  }
}
