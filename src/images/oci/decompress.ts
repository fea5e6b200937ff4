import type { Transform } from "node:stream";
import { pipeline } from "node:stream/promises";
import * as zlib from "node:zlib";

import { requireZstd } from "./compress-blocks.ts";
import type { Compression } from "./media-types.ts";
import { damaged } from "./tar/decode-tar-header.ts";
import { ZstdFrames, type FramePiece } from "./zstd-frames.ts";

/** Larger than zlib's own 16 KiB: fewer trips to the thread pool and back. */
const CHUNK_BYTES = 256 * 1024;

/**
 * Decompresses a stream of bytes. A consumer that stops early destroys the stream itself: it may
 * be waiting for bytes that never come.
 *
 * @throws {ImageError} ARCHIVE_INVALID when it is damaged or cut short; what the stream itself
 *   throws is passed on
 */
export async function* decompress(
  source: AsyncIterable<Buffer>,
  compression: Compression,
): AsyncGenerator<Buffer> {
  if (compression === "none") {
    yield* source;
  } else if (compression === "gzip") {
    yield* throughDecoder(source, zlib.createGunzip({ chunkSize: CHUNK_BYTES }));
  } else {
    requireZstd("unpack zstd");
    yield* unzstd(source);
  }
}

/** @returns which compression data has by its first bytes */
export function sniffCompression(head: Buffer): Compression {
  if (head[0] === 0x1f && head[1] === 0x8b) return "gzip";
  const isZstd = head.length >= 4 && /^(28b52ffd|5.2a4d18)$/.test(head.toString("hex", 0, 4));
  return isZstd ? "zstd" : "none";
}

/** One decoder a frame: Node's stops after the first. */
async function* unzstd(source: AsyncIterable<Buffer>): AsyncGenerator<Buffer> {
  const frames = new ZstdFrames();
  const pieces = piecesOf(source, frames);
  for (;;) {
    const first = await pieces.next();
    if (first.done === true) break;
    const decoder = zlib.createZstdDecompress({ chunkSize: CHUNK_BYTES });
    yield* throughDecoder(frameOf(first.value, pieces), decoder);
  }
  frames.finish();
}

async function* piecesOf(
  source: AsyncIterable<Buffer>,
  frames: ZstdFrames,
): AsyncGenerator<FramePiece> {
  for await (const chunk of source) yield* frames.feed(chunk);
}

async function* frameOf(
  first: FramePiece,
  rest: AsyncGenerator<FramePiece>,
): AsyncGenerator<Buffer> {
  let piece: FramePiece | undefined = first;
  while (piece !== undefined) {
    yield piece.bytes;
    if (piece.isFrameEnd) return;
    const next: IteratorResult<FramePiece, unknown> = await rest.next();
    piece = next.done === true ? undefined : next.value;
  }
}

async function* throughDecoder(
  source: AsyncIterable<Buffer>,
  decoder: Transform,
): AsyncGenerator<Buffer> {
  const feeding = pipeline(source, decoder);
  feeding.catch(() => undefined); // the loop reports it
  try {
    for await (const chunk of decoder) yield toBuffer(chunk);
    await feeding;
  } catch (error) {
    throw isDecoderError(error) ? damaged("its compressed data is damaged or cut", error) : error;
  } finally {
    decoder.destroy();
  }
}

function isDecoderError(error: unknown): boolean {
  if (!(error instanceof Error) || !("code" in error)) return false;
  return /^(Z_|ZSTD_|ERR_ZLIB)/.test(String(error.code));
}

/** Looks at a chunk of a byte stream as a Buffer. */
export function toBuffer(chunk: unknown): Buffer {
  if (chunk instanceof Uint8Array) return Buffer.from(chunk.buffer, chunk.byteOffset, chunk.length);
  throw new TypeError("a compressed stream is made of bytes");
}
