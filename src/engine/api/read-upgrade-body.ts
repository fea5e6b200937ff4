import type { Duplex } from "node:stream";

const MAX_BODY_BYTES = 1024 * 1024;

/** An upgrade request's body, and what came after it: the first bytes of the taken-over stream. */
export interface UpgradeBody {
  readonly body: Buffer;
  readonly rest: Buffer;
}

/**
 * Reads the body of a request that asks for an upgrade. Node's parser stops at its headers and
 * leaves the body on the connection, where `Content-Length` says how much of it there is.
 *
 * @param contentLength the header, if there is one
 * @param connection the client's, paused
 * @param head what Node had read already
 * @returns undefined when the length is no good or the client leaves before the end
 */
export async function readUpgradeBody(
  contentLength: string | undefined,
  connection: Duplex,
  head: Buffer,
): Promise<UpgradeBody | undefined> {
  const wantedBytes = Number(contentLength ?? "0");
  if (!Number.isInteger(wantedBytes) || wantedBytes < 0 || wantedBytes > MAX_BODY_BYTES) {
    return undefined;
  }
  const all = await readAtLeast(wantedBytes, connection, head);
  if (all === undefined) return undefined;
  return {
    body: all.subarray(0, wantedBytes),
    rest: all.subarray(wantedBytes),
  };
}

function readAtLeast(
  wantedBytes: number,
  connection: Duplex,
  head: Buffer,
): Promise<Buffer | undefined> {
  const chunks = [head];
  let sizeBytes = head.length;
  if (sizeBytes >= wantedBytes) return Promise.resolve(head);
  return new Promise((resolve) => {
    const finish = (result: Buffer | undefined): void => {
      connection.off("data", onData).off("end", onEnd).off("close", onEnd).pause();
      resolve(result);
    };
    const onEnd = (): void => finish(undefined);
    const onData = (chunk: Buffer): void => {
      chunks.push(chunk);
      sizeBytes += chunk.length;
      if (sizeBytes >= wantedBytes) finish(Buffer.concat(chunks));
    };
    connection.on("data", onData).once("end", onEnd).once("close", onEnd).resume();
  });
}
