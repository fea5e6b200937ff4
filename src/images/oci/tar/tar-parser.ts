import { ImageError } from "../../image-error.ts";
import {
  damaged,
  decodePax,
  decodeTarHeader,
  type TarHeader,
  type TarOverrides,
} from "./decode-tar-header.ts";
import { paddingOf, TAR_BLOCK_BYTES, type TarEntry } from "./tar-entry.ts";

/** What a {@link TarParser} finds. Each file is an entry, its data in parts, and an end. */
export type TarEvent =
  | { readonly kind: "entry"; readonly entry: TarEntry }
  | { readonly kind: "data"; readonly bytes: Buffer }
  | { readonly kind: "end" };

/** Far above any path with its attributes: such a header is held in memory. */
const MAX_EXTENSION_BYTES = 2 ** 20;
const nothing = Buffer.alloc(0);
const endEvent: TarEvent = { kind: "end" };

interface Extension {
  readonly type: "pax" | "pax-global" | "long-name" | "long-link";
  readonly parts: Buffer[];
}

/**
 * Reads a tar that comes in chunks. It is pulled and holds less than one block besides extended
 * headers, so a million entries take no more memory than one; tar-stream's reader makes a stream
 * of each entry and sets no bound to extended headers.
 */
export class TarParser {
  #rest: Buffer = nothing;
  #bodyBytes = 0;
  #paddingBytes = 0;
  #isInFile = false;
  #isOver = false;
  #extension: Extension | undefined;
  #overrides: TarOverrides = {};

  /**
   * Reads the next bytes. What it yields has to be used before it is asked for more.
   *
   * @throws {ImageError} ARCHIVE_INVALID, ARCHIVE_UNSAFE or ARCHIVE_TOO_LARGE
   */
  *feed(chunk: Buffer): Generator<TarEvent> {
    let bytes = this.#rest.length === 0 ? chunk : Buffer.concat([this.#rest, chunk]);
    this.#rest = nothing;
    while (bytes.length > 0 && !this.#isOver) {
      if (this.#bodyBytes > 0) {
        const part = bytes.subarray(0, this.#bodyBytes);
        bytes = bytes.subarray(part.length);
        yield* this.#takeBody(part);
      } else if (this.#paddingBytes > 0) {
        const skippedBytes = Math.min(this.#paddingBytes, bytes.length);
        this.#paddingBytes -= skippedBytes;
        bytes = bytes.subarray(skippedBytes);
      } else if (bytes.length < TAR_BLOCK_BYTES) {
        this.#rest = bytes;
        return;
      } else {
        yield* this.#takeHeader(bytes.subarray(0, TAR_BLOCK_BYTES));
        bytes = bytes.subarray(TAR_BLOCK_BYTES);
      }
    }
  }

  /**
   * Says that no more bytes come.
   *
   * @throws {ImageError} ARCHIVE_INVALID when an entry is cut short
   */
  finish(): void {
    const isCut = this.#bodyBytes > 0 || this.#paddingBytes > 0 || this.#rest.length > 0;
    if (isCut && !this.#isOver) throw damaged("it ends within an entry");
  }

  *#takeHeader(block: Buffer): Generator<TarEvent> {
    const header = decodeTarHeader(block, this.#overrides);
    if (header === undefined) {
      this.#isOver = true;
      return;
    }
    if (header.kind === "extension") return this.#beginExtension(header);
    this.#overrides = {};
    const { entry } = header;
    yield { kind: "entry", entry };
    if (entry.kind !== "file") return;
    this.#beginBody(entry.sizeBytes);
    this.#isInFile = entry.sizeBytes > 0;
    if (!this.#isInFile) yield endEvent;
  }

  #beginExtension({ type, sizeBytes }: TarHeader & { readonly kind: "extension" }): void {
    if (sizeBytes > MAX_EXTENSION_BYTES) {
      const text = `Cannot unpack the archive: an extended header of ${sizeBytes} bytes`;
      throw new ImageError(
        "ARCHIVE_TOO_LARGE",
        `${text}; at most ${MAX_EXTENSION_BYTES} are taken`,
      );
    }
    if (sizeBytes === 0) return;
    this.#extension = { type, parts: [] };
    this.#beginBody(sizeBytes);
  }

  #beginBody(sizeBytes: number): void {
    this.#bodyBytes = sizeBytes;
    this.#paddingBytes = paddingOf(sizeBytes);
  }

  *#takeBody(part: Buffer): Generator<TarEvent> {
    this.#bodyBytes -= part.length;
    if (this.#isInFile) {
      yield { kind: "data", bytes: part };
      this.#isInFile = this.#bodyBytes > 0;
      if (!this.#isInFile) yield endEvent;
      return;
    }
    this.#extension?.parts.push(Buffer.from(part)); // its chunk may be used again by its owner
    if (this.#bodyBytes === 0) this.#applyExtension();
  }

  #applyExtension(): void {
    const { type, parts } = this.#extension ?? { type: "pax-global", parts: [] };
    this.#extension = undefined;
    const bytes = Buffer.concat(parts);
    const text = (): string => bytes.toString("utf8").replace(/\0+$/, "");
    if (type === "pax") this.#overrides = { ...this.#overrides, ...decodePax(bytes) };
    if (type === "long-name") this.#overrides = { ...this.#overrides, name: text() };
    if (type === "long-link") this.#overrides = { ...this.#overrides, linkName: text() };
  }
}
