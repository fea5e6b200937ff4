import { spawn } from "node:child_process";
import { createReadStream, type PathLike } from "node:fs";
import { Duplex, type Readable } from "node:stream";
import * as zlib from "node:zlib";

import { decompress } from "../oci/decompress.ts";
import { readHead } from "../read-head.ts";

/** How an archive is compressed. */
export type Compression = "none" | "gzip" | "zstd" | "bzip2" | "xz";

/** What ADD does with a local file. */
export type ArchiveKind =
  | { readonly kind: "file" }
  | { readonly kind: "tar"; readonly compression: Compression }
  /** It may be an archive, but nothing here reads its compression. */
  | { readonly kind: "unreadable"; readonly compression: Compression };

const BLOCK_BYTES = 512;
const magics: readonly (readonly [string, Compression])[] = [
  ["1f8b", "gzip"],
  ["28b52ffd", "zstd"],
  ["425a68", "bzip2"],
  ["fd377a585a00", "xz"],
];

/** Tells by its first bytes whether a file is an archive that ADD unpacks. */
export async function sniffArchive(path: string): Promise<ArchiveKind> {
  const head = await readHead(path, BLOCK_BYTES);
  if (isTar(head)) return { kind: "tar", compression: "none" };
  const hex = head.toString("hex", 0, 6);
  const compression = magics.find(([magic]) => hex.startsWith(magic))?.[1];
  if (compression === undefined) return { kind: "file" };
  try {
    const isArchive = isTar(await firstBlock(openArchive(path, compression)));
    return isArchive ? { kind: "tar", compression } : { kind: "file" };
  } catch (error) {
    if (error instanceof NoDecoderError) return { kind: "unreadable", compression };
    return { kind: "file" }; // begins like one but is not: copied as it is, as Docker does
  }
}

/** Nothing on this machine reads a compression. */
class NoDecoderError extends Error {}

/** Opens an archive's bytes, decompressed as they are read. */
export function openArchive(path: PathLike, compression: Compression): Readable {
  const decoder = createDecoder(compression);
  const file = createReadStream(path, { highWaterMark: 256 * 1024 });
  if (decoder === undefined) return file;
  file.once("error", (error) => decoder.destroy(error));
  decoder.once("close", () => file.destroy());
  return file.pipe(decoder);
}

function createDecoder(compression: Compression): Duplex | undefined {
  if (compression === "none") return undefined;
  if (compression === "bzip2" || compression === "xz") return toolDecoder(compression);
  // Node has it since 22.15.
  if (compression === "zstd" && !("createZstdDecompress" in zlib)) {
    throw new NoDecoderError("zstd needs Node 22.15");
  }
  return Duplex.from((source: AsyncIterable<Buffer>) => decompress(source, compression));
}

/** Node has no decoder for these; most systems have the tools. */
function toolDecoder(program: "bzip2" | "xz"): Duplex {
  const tool = spawn(program, ["-dc"], { stdio: ["pipe", "pipe", "ignore"] });
  const stream = Duplex.from({ readable: tool.stdout, writable: tool.stdin });
  tool.once("error", () => stream.destroy(new NoDecoderError(`${program} is not installed`)));
  tool.once("close", (code) => {
    if (code !== null && code !== 0) stream.destroy(new Error(`${program} exited with ${code}`));
  });
  stream.once("close", () => tool.kill());
  return stream;
}

async function firstBlock(stream: Readable): Promise<Buffer> {
  const chunks: Buffer[] = [];
  let sizeBytes = 0;
  for await (const chunk of stream) {
    if (!Buffer.isBuffer(chunk)) continue;
    chunks.push(chunk);
    sizeBytes += chunk.length;
    if (sizeBytes >= BLOCK_BYTES) break; // which also ends the stream
  }
  return Buffer.concat(chunks);
}

function isTar(bytes: Buffer): boolean {
  return bytes.toString("latin1", 257, 262) === "ustar";
}
