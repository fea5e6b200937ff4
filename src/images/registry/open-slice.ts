import { Readable } from "node:stream";

import type { BlobStore } from "../oci/blob-store.ts";

/** A part of a blob. */
export interface Slice {
  readonly digest: string;
  readonly fromByte: number;
  readonly sizeBytes: number;
  /** Told of each piece that is handed out. */
  readonly onBytes: (count: number) => void;
}

/** Opens a part of a blob for reading. */
export async function openSlice(blobs: BlobStore, slice: Slice): Promise<Readable> {
  const content = await blobs.open(slice.digest, slice.fromByte);
  return Readable.from(take(content, slice), { objectMode: false });
}

async function* take(content: Readable, { sizeBytes, onBytes }: Slice): AsyncGenerator<Buffer> {
  let leftBytes = sizeBytes;
  for await (const chunk of content as AsyncIterable<Buffer>) {
    const part = chunk.length > leftBytes ? chunk.subarray(0, leftBytes) : chunk;
    leftBytes -= part.length;
    onBytes(part.length);
    yield part;
    if (leftBytes === 0) return; // leaving the loop closes the file
  }
}
