import { ImageError } from "../../image-error.ts";

/** What a layer or archive may come to when it is unpacked. */
export interface UnpackLimits {
  /** Of the tar. */
  readonly unpackedBytes: number;
  readonly entries: number;
  /** How many bytes one compressed byte may become, once there are a GiB of them. */
  readonly ratio: number;
}

/**
 * The limits unless others are given: the disk of the largest instance type, twice the entries of
 * the largest images that are known, and a ratio that real files stay far below.
 */
export const defaultUnpackLimits: UnpackLimits = {
  unpackedBytes: 20 * 2 ** 30,
  entries: 2_000_000,
  ratio: 250,
};

/** Below this nothing is filled up by a bomb, and a file of zeros may well be meant. */
const RATIO_FROM_BYTES = 2 ** 30;

/** Counts what is unpacked, and stops at the limits. */
export class UnpackMeter {
  readonly #limits: UnpackLimits;
  #packedBytes = 0;
  #unpackedBytes = 0;
  #entries = 0;

  constructor(limits: UnpackLimits) {
    this.#limits = limits;
  }

  get unpackedBytes(): number {
    return this.#unpackedBytes;
  }

  get entries(): number {
    return this.#entries;
  }

  countPacked(sizeBytes: number): void {
    this.#packedBytes += sizeBytes;
  }

  /** @throws {ImageError} ARCHIVE_TOO_LARGE */
  countUnpacked(sizeBytes: number): void {
    this.#unpackedBytes += sizeBytes;
    const { unpackedBytes, ratio } = this.#limits;
    if (this.#unpackedBytes > unpackedBytes) throw tooLarge(`more than ${unpackedBytes} bytes`);
    const isBomb = this.#unpackedBytes > this.#packedBytes * ratio;
    if (isBomb && this.#unpackedBytes > Math.min(RATIO_FROM_BYTES, unpackedBytes / 2)) {
      throw tooLarge(`more than ${ratio} bytes for each compressed one`);
    }
  }

  /** @throws {ImageError} ARCHIVE_TOO_LARGE */
  countEntry(): void {
    this.#entries += 1;
    if (this.#entries > this.#limits.entries)
      throw tooLarge(`more than ${this.#limits.entries} entries`);
  }
}

function tooLarge(what: string): ImageError {
  const text = `Cannot unpack the archive: it holds ${what}`;
  return new ImageError("ARCHIVE_TOO_LARGE", `${text}, which is the limit; make the image smaller`);
}
