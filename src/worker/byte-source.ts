/** Where the parts of a body come from. */
export interface ByteSource {
  /**
   * Reads what is there, or waits for it; undefined at the end. What an earlier call returned is
   * overwritten: use it up first.
   */
  read(): Promise<Uint8Array | undefined>;
  /** Ends the source early. Never rejects. */
  cancel(reason: unknown): Promise<void>;
}

/** Few bytes for a stream that trickles, since an object may hold a thousand of them. */
const MIN_BUFFER_BYTES = 16 * 1_024;

/** Beyond this a larger buffer makes a stream no faster (measured on workerd). */
const MAX_BUFFER_BYTES = 256 * 1_024;

/**
 * Reads a body by parts as large as may be. The platform's own streams fill a buffer of ours; their
 * default reader has parts of 4 KiB and is four times slower. Streams made in JavaScript have only that.
 */
export function openByteSource(body: ReadableStream<Uint8Array>): ByteSource {
  const reader = byobReader(body);
  return reader === undefined ? fromDefault(body) : fromByob(reader);
}

/** The size of the next buffer, after one of `sizeBytes` got `filledBytes`. */
export function nextBufferBytes(sizeBytes: number, filledBytes: number): number {
  if (filledBytes === sizeBytes) return Math.min(MAX_BUFFER_BYTES, sizeBytes * 4);
  if (filledBytes < sizeBytes / 16) return MIN_BUFFER_BYTES;
  return sizeBytes;
}

function byobReader(body: ReadableStream): ReadableStreamBYOBReader | undefined {
  try {
    return body.getReader({ mode: "byob" });
  } catch {
    return undefined; // not a stream of bytes by its type
  }
}

function fromByob(reader: ReadableStreamBYOBReader): ByteSource {
  let buffer: ArrayBufferLike = new ArrayBuffer(MIN_BUFFER_BYTES);
  return {
    async read() {
      const { done, value } = await reader.read(new Uint8Array(buffer));
      if (done) return undefined;
      const sizeBytes = value.buffer.byteLength;
      const nextBytes = nextBufferBytes(sizeBytes, value.byteLength);
      buffer = nextBytes === sizeBytes ? value.buffer : new ArrayBuffer(nextBytes);
      return value;
    },
    cancel: (reason) => reader.cancel(reason).catch(() => {}),
  };
}

function fromDefault(body: ReadableStream<Uint8Array>): ByteSource {
  const reader = body.getReader();
  return {
    async read() {
      const { done, value } = await reader.read();
      return done ? undefined : value;
    },
    cancel: (reason) => reader.cancel(reason).catch(() => {}),
  };
}
