import { PassThrough, type Writable } from "node:stream";

import { ImageError } from "../image-error.ts";
import type { BlobStore } from "../oci/blob-store.ts";
import type { Descriptor } from "../oci/descriptor.ts";
import type { Answer } from "./exchange.ts";
import { explainNetworkError } from "./explain-network-error.ts";
import type { Registry } from "./open-registry.ts";
import { formatReference, type Reference } from "./reference.ts";
import { retrying } from "./retry-policy.ts";
import type { OnProgress, TransferProgress } from "./transfer-progress.ts";
import { TransientFailure } from "./transient-failure.ts";

/** Where blobs come from and go to. */
export interface DownloadScope {
  readonly registry: Registry;
  readonly blobs: BlobStore;
  readonly reference: Reference;
  readonly signal: AbortSignal | undefined;
  readonly onProgress: OnProgress;
}

/** Between the network and the disk. */
const BUFFER_BYTES = 1024 * 1024;
/** What counts as progress; less could keep the tries going forever. */
const PROGRESS_BYTES = 64 * 1024;

/**
 * Fetches a blob into the store unless it is there. What was cut goes on where it ended; a wrong
 * content is fetched once more from the start.
 *
 * @throws {ImageError} DIGEST_MISMATCH when it is wrong again; what the registry or the store threw
 */
export async function downloadBlob(scope: DownloadScope, blob: Descriptor): Promise<void> {
  const { digest, size } = blob;
  const report = (state: TransferProgress["state"], doneBytes: number): void =>
    scope.onProgress({ digest, doneBytes, totalBytes: size, state });
  if ((await scope.blobs.stat(digest)) === size) return report("present", size);
  try {
    await store(scope, blob, report);
  } catch (error) {
    if (!isMismatch(error)) throw error;
    report("retrying", 0);
    await store(scope, blob, report).catch((again: unknown) => {
      throw isMismatch(again) ? toMismatch(scope, blob, again) : again;
    });
  }
  report("done", size);
}

type Report = (state: TransferProgress["state"], doneBytes: number) => void;

async function store(scope: DownloadScope, blob: Descriptor, report: Report): Promise<void> {
  const content = new PassThrough({ highWaterMark: BUFFER_BYTES });
  let failure: { readonly reason: unknown } | undefined;
  const fetched = fetchInto(content, { ...scope, blob, report }).then(
    () => void content.end(),
    (reason: unknown) => {
      failure ??= { reason };
      content.destroy(reason instanceof Error ? reason : undefined);
    },
  );
  try {
    await scope.blobs.write(content, { digest: blob.digest, sizeBytes: blob.size });
  } catch (error) {
    throw failure === undefined ? error : failure.reason;
  } finally {
    content.destroy();
    await fetched;
  }
}

interface Fetch extends DownloadScope {
  readonly blob: Descriptor;
  readonly report: Report;
}

/** Writes the content without a gap, over as many answers as it takes. */
async function fetchInto(content: Writable, fetch: Fetch): Promise<void> {
  const { registry, signal, report } = fetch;
  let doneBytes = 0;
  let countedBytes = 0;
  const onRetry = (): void => report("retrying", doneBytes);
  await retrying({ policy: registry.retry, signal, onRetry }, async (reportProgress) => {
    for await (const chunk of readFrom(doneBytes, fetch)) {
      await writeChunk(content, chunk);
      doneBytes += chunk.length;
      report("moving", doneBytes);
      if (doneBytes - countedBytes < PROGRESS_BYTES) continue;
      countedBytes = doneBytes;
      reportProgress();
    }
    checkLength(doneBytes, fetch);
  });
}

async function* readFrom(fromByte: number, fetch: Fetch): AsyncGenerator<Buffer> {
  const { registry, reference, blob, signal } = fetch;
  const answer = await registry.send({
    method: "GET",
    registryHost: reference.registryHost,
    path: `/v2/${reference.repository}/blobs/${blob.digest}`,
    scopes: [`repository:${reference.repository}:pull`],
    purpose: purposeOf(fetch),
    ...(fromByte > 0 && { headers: { Range: `bytes=${fromByte}-` } }),
    signal,
  });
  // A registry may have no use for Range; then what is here already is passed over.
  let passOverBytes =
    answer.status === 206 ? Math.max(0, fromByte - firstByteOf(answer, fromByte)) : fromByte;
  let leftBytes = blob.size - fromByte;
  try {
    for await (const chunk of answer.body as AsyncIterable<Buffer>) {
      const part = chunk.subarray(Math.min(chunk.length, passOverBytes));
      passOverBytes -= chunk.length - part.length;
      leftBytes -= part.length;
      if (leftBytes < 0) throw tooLarge(fetch);
      if (part.length > 0) yield part;
    }
  } catch (error) {
    throw explainNetworkError(error, answer);
  }
}

/** Where a part begins: "bytes 100-199/200". */
function firstByteOf(answer: Answer, fromByte: number): number {
  const first = /^bytes (\d{1,15})-/.exec(answer.header("content-range") ?? "")?.[1];
  return Number(first ?? fromByte);
}

/** Waits while the store is behind; its failure ends the waiting. */
async function writeChunk(content: Writable, chunk: Buffer): Promise<void> {
  if (content.destroyed) throw new Error("the store takes no more");
  if (content.write(chunk)) return;
  await new Promise<void>((resolve) => {
    const proceed = (): void => {
      content.off("drain", proceed).off("close", proceed);
      resolve();
    };
    content.on("drain", proceed).on("close", proceed);
  });
}

function checkLength(doneBytes: number, fetch: Fetch): void {
  if (doneBytes === fetch.blob.size) return;
  throw new TransientFailure(
    "REGISTRY_FAILED",
    `Cannot ${purposeOf(fetch)}: it ended after ${doneBytes} of ${fetch.blob.size} bytes; try again`,
  );
}

function tooLarge(fetch: Fetch): ImageError {
  return new ImageError(
    "DIGEST_MISMATCH",
    `Cannot ${purposeOf(fetch)}: it has more than the ${fetch.blob.size} bytes that its manifest says`,
  );
}

function toMismatch(scope: DownloadScope, { digest }: Descriptor, cause: unknown): ImageError {
  const { reference } = scope;
  return new ImageError(
    "DIGEST_MISMATCH",
    `Cannot pull ${formatReference(reference)}: ${reference.registryHost} answers with another ` +
      `content for blob ${digest}, twice; push the image again`,
    { cause },
  );
}

function isMismatch(error: unknown): boolean {
  return error instanceof ImageError && error.code === "DIGEST_MISMATCH";
}

function purposeOf({ blob, reference }: Fetch): string {
  return `pull blob ${blob.digest} of ${formatReference(reference)}`;
}
