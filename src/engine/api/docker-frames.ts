import { Transform } from "node:stream";

/** The stream a frame belongs to. */
export type FrameStream = "stdout" | "stderr";

const STREAM_BYTE = { stdout: 1, stderr: 2 } as const;
const HEADER_BYTES = 8;

/**
 * Encodes one frame of Docker's multiplexed stream: the stream's number, three zero bytes, the
 * payload's length (big endian), the payload.
 *
 * @param stream where the payload was written
 * @param payload at most 4 GiB
 * @returns header and payload
 */
export function encodeFrame(stream: FrameStream, payload: Uint8Array): Buffer {
  const frame = Buffer.alloc(HEADER_BYTES + payload.length);
  frame[0] = STREAM_BYTE[stream];
  frame.writeUInt32BE(payload.length, 4);
  frame.set(payload, HEADER_BYTES);
  return frame;
}

/** Makes a transform that wraps each chunk into a frame. */
export function createFrameEncoder(stream: FrameStream): Transform {
  return new Transform({
    transform(chunk: Buffer, _encoding, done) {
      done(null, encodeFrame(stream, chunk));
    },
  });
}
