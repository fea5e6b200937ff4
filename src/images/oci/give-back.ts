/**
 * Gives memory back that nobody reads any more. The collector would let 64 MB of buffers pile up.
 * Node 20 has no way to do so, and collects.
 *
 * @param buffer may be used by nobody else
 */
export function giveBack(buffer: ArrayBufferLike): void {
  if (buffer instanceof ArrayBuffer && "transfer" in buffer) buffer.transfer(0);
}
