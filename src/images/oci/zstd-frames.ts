import { damaged } from "./tar/decode-tar-header.ts";

/** A piece of a zstd frame; the last one of a frame says so. */
export interface FramePiece {
  readonly bytes: Buffer;
  readonly isFrameEnd: boolean;
}

/** A frame's header, a block, or a whole skippable frame: what tells its length at its head. */
interface Unit {
  readonly sizeBytes: number;
  readonly kind: "header" | "block" | "last-block" | "skippable";
}

const FRAME_MAGIC = 0xfd2fb528;
const SKIPPABLE_MAGIC = 0x184d2a50;

/**
 * Finds where zstd frames end, and drops skippable ones. Node's decoder stops after the first
 * frame (as of Node 24), but layers that were packed in parallel, or can be read in parts, have
 * many.
 *
 * @see https://datatracker.ietf.org/doc/html/rfc8878#section-3.1
 */
export class ZstdFrames {
  #head: Buffer = Buffer.alloc(0);
  #unit: Unit | undefined;
  #leftBytes = 0;
  #isInFrame = false;
  #hasChecksum = false;

  /** @throws {ImageError} ARCHIVE_INVALID when it is no zstd */
  *feed(chunk: Buffer): Generator<FramePiece> {
    let bytes = this.#head.length === 0 ? chunk : Buffer.concat([this.#head, chunk]);
    for (;;) {
      this.#unit ??= this.#beginUnit(bytes);
      if (this.#unit === undefined || bytes.length === 0) break;
      const piece = bytes.subarray(0, this.#leftBytes);
      bytes = bytes.subarray(piece.length);
      const { kind } = this.#unit;
      const isFrameEnd = this.#pass(piece.length);
      if (kind !== "skippable") yield { bytes: piece, isFrameEnd };
    }
    this.#head = bytes;
  }

  /** @throws {ImageError} ARCHIVE_INVALID when a frame is cut short */
  finish(): void {
    if (this.#isInFrame || this.#unit !== undefined || this.#head.length > 0) {
      throw damaged("its zstd data is cut short");
    }
  }

  #beginUnit(bytes: Buffer): Unit | undefined {
    const unit = this.#isInFrame ? this.#readBlock(bytes) : this.#readFrame(bytes);
    this.#leftBytes = unit?.sizeBytes ?? 0;
    return unit;
  }

  /** @returns whether the frame ends here */
  #pass(passedBytes: number): boolean {
    this.#leftBytes -= passedBytes;
    if (this.#leftBytes > 0) return false;
    const isFrameEnd = this.#unit?.kind === "last-block";
    if (this.#unit?.kind === "header") this.#isInFrame = true;
    if (isFrameEnd) this.#isInFrame = false;
    this.#unit = undefined;
    return isFrameEnd;
  }

  #readFrame(bytes: Buffer): Unit | undefined {
    if (bytes.length < 8) return undefined; // no frame of either kind is shorter
    const magic = bytes.readUInt32LE(0);
    if ((magic & 0xfffffff0) === SKIPPABLE_MAGIC) {
      return { kind: "skippable", sizeBytes: 8 + bytes.readUInt32LE(4) };
    }
    if (magic !== FRAME_MAGIC) throw damaged("it is no zstd data where a frame should begin");
    const descriptor = bytes.readUInt8(4);
    const isSingle = (descriptor & 0x20) !== 0;
    this.#hasChecksum = (descriptor & 0x04) !== 0;
    const dictionaryBytes = [0, 1, 2, 4][descriptor & 3] ?? 0;
    const contentSizeBytes = [isSingle ? 1 : 0, 2, 4, 8][descriptor >> 6] ?? 0;
    const sizeBytes = 5 + (isSingle ? 0 : 1) + dictionaryBytes + contentSizeBytes;
    return { kind: "header", sizeBytes };
  }

  #readBlock(bytes: Buffer): Unit | undefined {
    if (bytes.length < 3) return undefined;
    const header = bytes.readUIntLE(0, 3);
    const isLast = (header & 1) !== 0;
    const isRepeated = ((header >> 1) & 3) === 1; // one byte stands for all
    const checksumBytes = isLast && this.#hasChecksum ? 4 : 0;
    const sizeBytes = 3 + (isRepeated ? 1 : header >> 3) + checksumBytes;
    return { kind: isLast ? "last-block" : "block", sizeBytes };
  }
}
