/** Reads the beginning of a body as text, and leaves the rest: some bodies never end. */
export async function readText(response: Response, maxBytes: number): Promise<string> {
  const body: ReadableStream<Uint8Array> | null = response.body;
  if (body === null) return "";
  const reader = body.getReader();
  const decoder = new TextDecoder();
  let text = "";
  let leftBytes = maxBytes;
  while (leftBytes > 0) {
    const { done, value } = await reader.read();
    if (done) return text + decoder.decode();
    text += decoder.decode(value.subarray(0, leftBytes), { stream: true });
    leftBytes -= value.byteLength;
  }
  await reader.cancel();
  return text;
}
