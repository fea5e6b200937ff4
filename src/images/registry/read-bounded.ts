import { ImageError } from "../image-error.ts";
import type { Answer } from "./exchange.ts";
import { explainNetworkError } from "./explain-network-error.ts";

/**
 * Reads the whole body of an answer.
 *
 * @throws {ImageError} REGISTRY_FAILED when it is larger; a TransientFailure when it is cut
 */
export async function readBounded(answer: Answer, limitBytes: number): Promise<Buffer> {
  const chunks: Buffer[] = [];
  let sizeBytes = 0;
  try {
    for await (const chunk of answer.body as AsyncIterable<Buffer>) {
      sizeBytes += chunk.length;
      if (sizeBytes > limitBytes) throw tooLarge(answer, limitBytes);
      chunks.push(chunk);
    }
  } catch (error) {
    throw explainNetworkError(error, answer);
  }
  return Buffer.concat(chunks, sizeBytes);
}

function tooLarge({ url, purpose }: Answer, limitBytes: number): ImageError {
  return new ImageError(
    "REGISTRY_FAILED",
    `Cannot ${purpose}: ${url.host} answers with more than the ${limitBytes} bytes that are read`,
  );
}
