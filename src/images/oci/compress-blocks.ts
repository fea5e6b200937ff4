import type { Transform } from "node:stream";
import * as zlib from "node:zlib";

import { ImageError } from "../image-error.ts";
import { giveBack } from "./give-back.ts";
import type { Compression } from "./media-types.ts";

/**
 * The gzip level that is used unless another is asked for. Measured on 64 MiB of /usr/lib and on
 * the node binary, beside level 6 (what others use): level 4 takes 0.63 of its time for 1.03 of
 * its size; level 1 takes 0.47 of its time for 1.09 of its size.
 */
const DEFAULT_GZIP_LEVEL = 4;
/** What zstd's own program uses. */
const DEFAULT_ZSTD_LEVEL = 3;

/** Blocks of one layer that are compressed at once: layers are packed two at a time. */
const BLOCKS_AT_ONCE = 3;
/** Takes what a block comes to at most; no other buffer of Node is as long. */
const OUTPUT_BYTES = 2 ** 20 + 2 ** 16;
const WINDOW_BYTES = 32 * 1024;
/** What takes less time than a turn of the thread pool. Only the last block is shorter than others. */
const SMALL_BYTES = 16 * 1024;

/** How {@link compressBlocks} compresses. */
export interface CompressOptions {
  readonly compression: Compression;
  readonly level: number;
  /** Told of each block that is not read any more. */
  readonly onUsed: (block: Buffer) => void;
}

/** The level that is used when none is asked for; 0 for no compression. */
export function defaultLevelOf(compression: Compression): number {
  return { gzip: DEFAULT_GZIP_LEVEL, zstd: DEFAULT_ZSTD_LEVEL, none: 0 }[compression];
}

/**
 * Compresses what comes in blocks.
 *
 * @throws {ImageError} IMAGE_UNFIT for zstd on a Node that has none
 */
export function compressBlocks(
  blocks: Iterable<Buffer>,
  options: CompressOptions,
): AsyncIterable<Buffer> {
  if (options.compression === "gzip") return gzipBlocks(blocks, options);
  return options.compression === "zstd" ? zstdBlocks(blocks, options) : passBlocks(blocks, options);
}

/** A consumer that asks for the next block is done with the one before. */
async function* passBlocks(
  blocks: Iterable<Buffer>,
  { onUsed }: CompressOptions,
): AsyncGenerator<Buffer> {
  for (const block of blocks) {
    yield await Promise.resolve(block);
    onUsed(block);
  }
}

/**
 * One gzip member whose blocks are compressed side by side in Node's thread pool, as pigz does:
 * each block has the end of the one before as its dictionary and ends on a byte. The bytes depend
 * on the blocks and the level, not on the number of cores.
 */
async function* gzipBlocks(
  blocks: Iterable<Buffer>,
  { level, onUsed }: CompressOptions,
): AsyncGenerator<Buffer> {
  yield Buffer.from([0x1f, 0x8b, 8, 0, 0, 0, 0, 0, 0, 0xff]); // no time; system "unknown"
  let checksum = 0;
  let sizeBytes = 0;
  let dictionary: Buffer | undefined;
  const lastBytes = Buffer.alloc(WINDOW_BYTES);
  yield* inOrder(blocks, async (block) => {
    checksum = zlib.crc32(block, checksum);
    sizeBytes += block.length;
    const own = {
      ...{ level, memLevel: 9, finishFlush: zlib.constants.Z_SYNC_FLUSH },
      ...(dictionary !== undefined && { dictionary }), // zlib takes a copy
    };
    if (block.length <= SMALL_BYTES) return [zlib.deflateRawSync(block, own)];
    const compressor = zlib.createDeflateRaw({ ...own, chunkSize: OUTPUT_BYTES });
    dictionary = lastBytes.subarray(0, block.subarray(-WINDOW_BYTES).copy(lastBytes));
    const parts = await compressWhole(compressor, block);
    onUsed(block);
    return parts;
  });
  const end = Buffer.alloc(10);
  end.writeUInt16LE(0x0003, 0); // an empty last block
  end.writeUInt32LE(checksum, 2);
  end.writeUInt32LE(sizeBytes % 2 ** 32, 6);
  yield end;
}

/** One zstd frame a block, which is what its format allows and decoders read as one stream. */
function zstdBlocks(
  blocks: Iterable<Buffer>,
  { level, onUsed }: CompressOptions,
): AsyncGenerator<Buffer> {
  requireZstd("pack with zstd");
  const { ZSTD_c_compressionLevel, ZSTD_c_checksumFlag } = zlib.constants;
  const params = { [ZSTD_c_compressionLevel]: level, [ZSTD_c_checksumFlag]: 1 };
  return inOrder(blocks, async (block) => {
    const compressor = zlib.createZstdCompress({ params, chunkSize: OUTPUT_BYTES });
    const parts = await compressWhole(compressor, block);
    onUsed(block);
    return parts;
  });
}

/** @returns the parts of what a block comes to, one after the other in one buffer */
function compressWhole(compressor: Transform, block: Buffer): Promise<readonly Buffer[]> {
  return new Promise((resolve, reject) => {
    const parts: Buffer[] = [];
    compressor.on("data", (part: Buffer) => parts.push(part));
    compressor.once("end", () => resolve(parts)).once("error", reject);
    compressor.end(block);
  });
}

/**
 * Refuses zstd by name where Node has none.
 *
 * @throws {ImageError} IMAGE_UNFIT
 */
export function requireZstd(action: string): void {
  if ("zstdCompress" in zlib) return;
  const text = `Cannot ${action}: Node ${process.version} has no zstd`;
  throw new ImageError("IMAGE_UNFIT", `${text}; use Node 22.15 or later, or gzip`);
}

async function* inOrder(
  blocks: Iterable<Buffer>,
  work: (block: Buffer) => Promise<readonly Buffer[]>,
): AsyncGenerator<Buffer> {
  let underWay: readonly Promise<readonly Buffer[]>[] = [];
  for (const block of blocks) {
    const result = work(block);
    result.catch(() => undefined); // it is awaited in its turn, unless the consumer gives up
    underWay = [...underWay, result];
    if (underWay.length < BLOCKS_AT_ONCE) continue;
    const [oldest, ...younger] = underWay;
    underWay = younger;
    if (oldest !== undefined) yield* lend(await oldest);
  }
  for (const result of underWay) yield* lend(await result);
}

/** Who asks for the next part is done with this one. */
function* lend(parts: readonly Buffer[]): Generator<Buffer> {
  yield* parts;
  for (const buffer of new Set(parts.map((part) => part.buffer))) {
    if (buffer.byteLength === OUTPUT_BYTES) giveBack(buffer);
  }
}
