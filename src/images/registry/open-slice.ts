import type { Readable } from "node:stream";

import { giveBack } from "../oci/give-back.ts";
import type { BlobStore } from "../oci/blob-store.ts";

/** A part of a blob. */
export interface Slice {
  readonly digest: string;
  readonly fromByte: number;
  readonly sizeBytes: number;
  /** Told of each piece that is handed out. */
  readonly onBytes: (count: number) => void;
}

/** Opens a part of a blob for reading. A piece is gone when the next one is asked for. */
export async function openSlice(blobs: BlobStore, slice: Slice): Promise<AsyncIterable<Buffer>> {
  return take(await blobs.open(slice.digest, slice.fromByte), slice);
}

async function* take(content: Readable, { sizeBytes, onBytes }: Slice): AsyncGenerator<Buffer> {
  let leftBytes = sizeBytes;
  for await (const chunk of content as AsyncIterable<Buffer>) {
    const part = chunk.length > leftBytes ? chunk.subarray(0, leftBytes) : chunk;
    leftBytes -= part.length;
    onBytes(part.length);
    yield part;
    if (chunk.length === chunk.buffer.byteLength) giveBack(chunk.buffer); // none of a pool
    if (leftBytes === 0) return; // leaving the loop closes the file
  }
}
