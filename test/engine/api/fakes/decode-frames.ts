/** Decodes Docker's multiplexed stream the way workerd does; throws on a cut frame. */
export function decodeFrames(bytes: Buffer): { stream: number; payload: Buffer }[] {
  const frames: { stream: number; payload: Buffer }[] = [];
  let at = 0;
  while (at < bytes.length) {
    if (bytes.length - at < 8) throw new Error("cut frame header");
    const end = at + 8 + bytes.readUInt32BE(at + 4);
    if (end > bytes.length) throw new Error("cut frame");
    frames.push({
      stream: bytes[at] ?? 0,
      payload: bytes.subarray(at + 8, end),
    });
    at = end;
  }
  return frames;
}
