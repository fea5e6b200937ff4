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
   * Makes an object of it, which goes again unless the store takes it up.
   *
   * @returns its size in bytes
   */
  async complete(): Promise<number> {
    const { rest } = this.#buffer;
    if (this.#upload === undefined) {
      this.#store.uploading({ key: this.#key });
      await this.#bucket.put(this.#key, rest);
      return this.#sizeBytes;
    }
    if (rest.length > 0) await this.#send(rest);
    await this.#upload.complete(this.#parts);
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

/** Gives up what was being written, unless it was taken up. Never throws. */
export async function abandonUpload(bucket: R2Bucket, store: DirectoryStore): Promise<void> {
  const { upload } = store;
  if (upload === undefined) return;
  const { key, uploadId } = upload;
  try {
    if (uploadId !== undefined) {
      const begun = bucket.resumeMultipartUpload(key, uploadId);
      await begun.abort().catch(() => {}); // it may be an object by now
    }
    await bucket.delete(key);
    if (store.upload?.key === key) store.uploading(undefined);
  } catch {
    // it is tried again before the next one
  }
}
