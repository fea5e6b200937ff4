import { ContainerError } from "../errors/container-error.ts";

/** A parsed body, or why there is none. */
export interface JsonBody {
  readonly value?: unknown;
  readonly problem?: string;
}

/**
 * Reads the JSON body of a clone, so that the request's own body stays for the container.
 *
 * @param maxBytes a longer body is left alone: what the clone has read waits in memory for the
 * other reader
 * @throws {ContainerError} `INVALID_ARGUMENT` when the body has been read before
 */
export async function readJsonBody(request: Request, maxBytes: number): Promise<JsonBody> {
  const type = request.headers.get("content-type") ?? "";
  if (!/^application\/([\w.+-]+\+)?json\s*(;|$)/i.test(type)) {
    return { problem: "the body is not of type application/json" };
  }
  if (request.bodyUsed) {
    throw new ContainerError(
      "INVALID_ARGUMENT",
      "Cannot look for the session in the body: it has been read; call sessionId() before, or give it request.clone()",
    );
  }
  const tooLong = { problem: `the body is longer than ${maxBytes} bytes` };
  if (Number(request.headers.get("content-length")) > maxBytes) return tooLong;
  const text = await readText(request.clone(), maxBytes);
  if (text === undefined) return tooLong;
  try {
    return { value: JSON.parse(text) };
  } catch {
    return { problem: "the body is not valid JSON" };
  }
}

async function readText(request: Request, maxBytes: number): Promise<string | undefined> {
  const reader = request.body?.getReader();
  const decoder = new TextDecoder();
  let text = "";
  let sizeBytes = 0;
  for (let part = await reader?.read(); part && !part.done; part = await reader?.read()) {
    const bytes: unknown = part.value;
    if (!(bytes instanceof Uint8Array)) return undefined; // no body that came over a network
    sizeBytes += bytes.byteLength;
    if (sizeBytes > maxBytes) {
      // Not awaited: the cancel of one branch settles only with that of the other.
      void reader?.cancel();
      return undefined;
    }
    text += decoder.decode(bytes, { stream: true });
  }
  return text + decoder.decode();
}
