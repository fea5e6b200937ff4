import type { BlobStore } from "../oci/blob-store.ts";
import type { Descriptor } from "../oci/descriptor.ts";
import { ImageError } from "../image-error.ts";
import type { Registry, RegistryCall, ShortAnswer } from "./open-registry.ts";
import { readBounded } from "./read-bounded.ts";
import { formatReference, type Reference } from "./reference.ts";
import { toRegistryFailure } from "./registry-failure.ts";
import { retrying, type ReportProgress } from "./retry-policy.ts";
import { openSlice } from "./open-slice.ts";
import type { OnProgress, TransferProgress } from "./transfer-progress.ts";
import { TransientFailure } from "./transient-failure.ts";
import { readOffset, readSession, type UploadSession } from "./upload-session.ts";

/** Where blobs go, and how. */
export interface UploadScope {
  readonly registry: Registry;
  readonly blobs: BlobStore;
  readonly reference: Reference;
  readonly signal: AbortSignal;
  /** The most that one request carries. */
  readonly chunkBytes: number;
  /** Repositories of the same registry that may have the blob. */
  readonly mountFrom: readonly string[];
  /** Whether the blob was never sent to this repository, as far as is known. */
  readonly isNew: boolean;
  readonly onProgress: OnProgress;
  /** Told of bytes that left, those of failed tries too. */
  readonly onSent: (sizeBytes: number) => void;
}

/** How a blob came to be in the registry. */
export type UploadOutcome = "mounted" | "present" | "sent";

/** A registry may read all of a large blob again before it answers the last request. */
const FINISH_PATIENCE = 5;
/** So that a wrong guess costs little. */
const MOUNT_TRIES = 3;
/** Sent again at worst, which takes no longer than to ask for it first. */
const LIGHT_BYTES = 32 * 1024;

/**
 * Sees to it that a registry has a blob: looks, mounts it from another repository, or sends it, by
 * chunks when it is large. A broken upload goes on where the registry says that it ended.
 *
 * @throws {ImageError} when the tries are used up
 */
export function uploadBlob(scope: UploadScope, blob: Descriptor): Promise<UploadOutcome> {
  return new BlobUpload(scope, blob).run();
}

class BlobUpload {
  readonly #scope: UploadScope;
  readonly #blob: Descriptor;
  #session: UploadSession | undefined;
  #furthestByte = 0;
  #wasBegun = false;
  #wasRefused = false;

  constructor(scope: UploadScope, blob: Descriptor) {
    this.#scope = scope;
    this.#blob = blob;
  }

  async run(): Promise<UploadOutcome> {
    const { registry, signal } = this.#scope;
    const onRetry = (): void => this.#report("retrying", this.#furthestByte);
    const outcome = await retrying({ policy: registry.retry, signal, onRetry }, (reportProgress) =>
      this.#attempt(reportProgress),
    );
    this.#report(outcome === "sent" ? "done" : outcome, this.#blob.size);
    return outcome;
  }

  async #attempt(reportProgress: ReportProgress): Promise<UploadOutcome> {
    const begun = await this.#begin();
    if (typeof begun === "string") return begun;
    this.#session = begun;
    this.#wasBegun = true;
    const isSmall = this.#blob.size <= this.#chunkOf(this.#session);
    // What was refused in chunks is sent whole: there are registries that take no chunks.
    const isWhole = this.#session.offset === 0 && (isSmall || this.#wasRefused);
    if (!isWhole) await this.#sendChunks(reportProgress);
    await this.#finish(isWhole ? this.#blob.size : 0);
    return "sent";
  }

  /** @returns how the blob is there, or else an upload of it */
  async #begin(): Promise<UploadOutcome | UploadSession> {
    if (this.#isLightAndNew()) {
      // From where it goes to: one request that finds it, or else begins.
      const begun = await this.#mount(this.#scope.reference.repository);
      if (begun !== undefined) return begun === "mounted" ? "present" : begun;
    }
    const isThere = await this.#send(
      { method: "HEAD", path: this.#path(this.#blob.digest) },
      [404],
    );
    // After a try it is there when only the answer to the last request was lost.
    if (isThere.status !== 404) return this.#wasBegun ? "sent" : "present";
    return (await this.#openSession()) ?? "mounted";
  }

  #isLightAndNew(): boolean {
    const { isNew, mountFrom } = this.#scope;
    return isNew && !this.#wasBegun && mountFrom.length === 0 && this.#blob.size <= LIGHT_BYTES;
  }

  /** @returns undefined when the blob was mounted */
  async #openSession(): Promise<UploadSession | undefined> {
    if (this.#session !== undefined) {
      const resumed = await this.#resume(this.#session);
      if (resumed !== undefined) return resumed;
    }
    let session: UploadSession | undefined;
    for (const from of this.#wasBegun ? [] : this.#scope.mountFrom.slice(0, MOUNT_TRIES)) {
      const begun = await this.#mount(from);
      if (begun === "mounted") return undefined;
      session = begun ?? session;
    }
    if (session !== undefined) return session;
    return readSession(await this.#send({ method: "POST", path: this.#path("uploads/") }), 0);
  }

  /** @returns undefined when the registry knows nothing of it any more */
  async #resume(session: UploadSession): Promise<UploadSession | undefined> {
    const answer = await this.#send(
      { method: "GET", path: session.location },
      [400, 404, 405, 416],
    );
    const offset = readOffset(answer.header("range"));
    if (answer.status >= 300 || offset === undefined || offset > this.#blob.size) return undefined;
    return readSession(answer, offset, session);
  }

  /** @returns the upload that the registry has begun in place of it; undefined when it refuses */
  async #mount(from: string): Promise<UploadSession | "mounted" | undefined> {
    const query = new URLSearchParams({ mount: this.#blob.digest, from });
    try {
      const answer = await this.#send({
        method: "POST",
        path: this.#path(`uploads/?${query.toString()}`),
        scopes: [...this.#scopes(), `repository:${from}:pull`],
      });
      return answer.status === 201 ? "mounted" : readSession(answer, 0);
    } catch (error) {
      // Not allowed to read over there is no reason not to send it here.
      if (error instanceof ImageError && !(error instanceof TransientFailure)) return undefined;
      throw error;
    }
  }

  async #sendChunks(reportProgress: ReportProgress): Promise<void> {
    const { size } = this.#blob;
    while (this.#session !== undefined && this.#session.offset < size) {
      const session = this.#session;
      const end = Math.min(size, session.offset + this.#chunkOf(session));
      const answer = await this.#sendContent(end - session.offset, {
        method: "PATCH",
        path: session.location,
        headers: { "Content-Range": `${session.offset}-${end - 1}` },
      });
      this.#session = readSession(answer, end, session);
      if (this.#session.offset > this.#furthestByte) {
        this.#furthestByte = this.#session.offset;
        reportProgress();
      } else if (this.#session.offset <= session.offset) {
        throw new TransientFailure("REGISTRY_FAILED", `Cannot ${answer.purpose}: nothing was kept`);
      }
    }
  }

  async #finish(sizeBytes: number): Promise<void> {
    if (this.#session === undefined) return;
    const path = new URL(this.#session.location);
    // Appended as text: the rest is the registry's own and may be signed.
    path.search += `${path.search === "" ? "?" : "&"}digest=${encodeURIComponent(this.#blob.digest)}`;
    const silenceMs = this.#scope.registry.silenceMs * FINISH_PATIENCE;
    await this.#sendContent(sizeBytes, { method: "PUT", path, silenceMs });
  }

  /** Sends what follows the bytes that the registry has. */
  async #sendContent(
    sizeBytes: number,
    call: Pick<RegistryCall, "headers" | "method" | "path" | "silenceMs">,
  ): Promise<ShortAnswer> {
    const { blobs, onSent } = this.#scope;
    const fromByte = this.#session?.offset ?? 0;
    const open = async (): Promise<AsyncIterable<Uint8Array> | Uint8Array> => {
      if (sizeBytes === 0) return new Uint8Array();
      let doneBytes = fromByte;
      const onBytes = (count: number): void => {
        onSent(count);
        doneBytes += count;
        this.#report("moving", doneBytes);
      };
      if (sizeBytes === this.#blob.size && sizeBytes <= LIGHT_BYTES) {
        onBytes(sizeBytes);
        return blobs.read(this.#blob.digest);
      }
      return openSlice(blobs, { digest: this.#blob.digest, fromByte, sizeBytes, onBytes });
    };
    const headers = { "Content-Type": "application/octet-stream", ...call.headers };
    return this.#send({ ...call, headers, body: { sizeBytes, open } });
  }

  /** Sends one request of the upload and reads the answer. */
  async #send(
    call: Pick<RegistryCall, "body" | "headers" | "method" | "path" | "silenceMs"> & {
      readonly scopes?: readonly string[];
    },
    accepts: readonly number[] = [],
  ): Promise<ShortAnswer> {
    const { registry, reference, signal } = this.#scope;
    const answer = await registry.send({
      registryHost: reference.registryHost,
      scopes: this.#scopes(),
      purpose: `push blob ${this.#blob.digest} to ${formatReference(reference)}`,
      signal,
      accepts: [400, 404, 416, ...accepts],
      ...call,
    });
    if (answer.status >= 300 && !accepts.includes(answer.status)) {
      throw await this.#toFailure(answer);
    }
    const { status, url, purpose } = answer;
    const bytes = await readBounded(answer, 64 * 1024);
    return { status, url, purpose, bytes, header: (name) => answer.header(name) };
  }

  /** A forgotten upload begins anew; a content that is refused is sent once more, from its start. */
  async #toFailure(answer: Awaited<ReturnType<Registry["send"]>>): Promise<ImageError> {
    const isForgotten = this.#session !== undefined && answer.status !== 400;
    const isTransient = isForgotten || (this.#wasBegun && !this.#wasRefused);
    if (answer.status === 400) this.#wasRefused = true;
    if (answer.status !== 416) this.#session = undefined;
    return toRegistryFailure(answer, { isTransient });
  }

  #scopes(): readonly string[] {
    return [`repository:${this.#scope.reference.repository}:pull,push`];
  }

  #path(rest: string): string {
    return `/v2/${this.#scope.reference.repository}/blobs/${rest}`;
  }

  #chunkOf({ minChunkBytes, maxChunkBytes }: UploadSession): number {
    return Math.min(maxChunkBytes, Math.max(minChunkBytes, this.#scope.chunkBytes));
  }

  #report(state: TransferProgress["state"], doneBytes: number): void {
    const { digest, size } = this.#blob;
    this.#scope.onProgress({ digest, doneBytes, totalBytes: size, state });
  }
}
