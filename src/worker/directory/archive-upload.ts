import { PartBuffer } from "../../core/directory/part-buffer.ts";
import type { DirectoryStore } from "./directory-store.ts";

/** Uploads one archive as it comes: in parts, and a small one at once. Holds one part at most. */
export class ArchiveUpload {
  readonly #bucket: R2Bucket;
  readonly #key: string;
  readonly #store: DirectoryStore;
  readonly #buffer = new PartBuffer();
  readonly #parts: R2UploadedPart[] = [];
  #upload: R2MultipartUpload | undefined;
  #sizeBytes = 0;

  constructor(bucket: R2Bucket, key: string, store: DirectoryStore) {
    this.#bucket = bucket;
    this.#key = key;
    this.#store = store;
  }

  /** Takes the next piece; resolves when there is room for another. */
  async add(piece: Uint8Array): Promise<void> {
    this.#sizeBytes += piece.length;
    for (const part of this.#buffer.add(piece)) await this.#send(part);
  }

  /**
   * Makes an object of it.
   *
   * @returns its size in bytes
   */
  async complete(): Promise<number> {
    const { rest } = this.#buffer;
    if (this.#upload === undefined) {
      await this.#bucket.put(this.#key, rest);
      return this.#sizeBytes;
    }
    if (rest.length > 0) await this.#send(rest);
    await this.#upload.complete(this.#parts);
    this.#store.uploading(undefined);
    return this.#sizeBytes;
  }

  async #send(part: Uint8Array): Promise<void> {
    this.#upload ??= await this.#begin();
    this.#parts.push(await this.#upload.uploadPart(this.#parts.length + 1, part));
  }

  /** Written down, so that the next one gives it up if this object dies of it. */
  async #begin(): Promise<R2MultipartUpload> {
    const upload = await this.#bucket.createMultipartUpload(this.#key);
    this.#store.uploading({ key: this.#key, uploadId: upload.uploadId });
    return upload;
  }
}

/** Gives up the upload that was begun last, unless it was completed. Never throws. */
export async function abandonUpload(bucket: R2Bucket, store: DirectoryStore): Promise<void> {
  const { upload } = store;
  if (upload === undefined) return;
  try {
    await bucket.resumeMultipartUpload(upload.key, upload.uploadId).abort();
    if (store.upload?.uploadId === upload.uploadId) store.uploading(undefined);
  } catch {
    // it is tried again before the next one; R2 deletes what is left by itself after a week
  }
}
