/** A part of an upload, all of them alike but the last: R2 takes 5 MiB at least. */
export const PART_BYTES = 8 * 1_024 * 1_024;

/** Makes parts of one size of what comes in pieces of any. Holds one part, and that only once. */
export class PartBuffer {
  readonly #partBytes: number;
  #part: Uint8Array | undefined;
  #filled = 0;

  constructor(partBytes: number = PART_BYTES) {
    this.#partBytes = partBytes;
  }

  /** What is held, which is less than a part. Valid until more is added. */
  get rest(): Uint8Array {
    return (this.#part ?? new Uint8Array()).subarray(0, this.#filled);
  }

  /** Adds a piece. Each part that it fills is valid until the next one is asked for. */
  *add(piece: Uint8Array): Generator<Uint8Array> {
    this.#part ??= new Uint8Array(this.#partBytes);
    for (let from = 0; from < piece.length;) {
      const taken = piece.subarray(from, from + this.#partBytes - this.#filled);
      this.#part.set(taken, this.#filled);
      this.#filled += taken.length;
      from += taken.length;
      if (this.#filled < this.#partBytes) return;
      yield this.#part;
      this.#filled = 0;
    }
  }
}
