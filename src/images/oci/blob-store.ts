import type { Readable } from "node:stream";

/** What is known of a blob's content. */
export interface BlobIdentity {
  /** "sha256:…" */
  readonly digest: string;
  readonly sizeBytes: number;
}

/** Blobs on this machine by the digest of their content. */
export interface BlobStore {
  /** @returns the blob's length in bytes; undefined when it is not there */
  stat(digest: string): Promise<number | undefined>;
  /**
   * Reads a blob; its pieces are the reader's own.
   *
   * @param fromByte where to begin (default: 0)
   * @throws {ImageError} BLOB_NOT_FOUND
   */
  open(digest: string, fromByte?: number): Promise<Readable>;
  /**
   * Reads a blob whole: a document, of some kilobytes as a rule.
   *
   * @throws {ImageError} BLOB_NOT_FOUND
   */
  read(digest: string): Promise<Buffer>;
  /**
   * Stores content, which appears whole or not at all. Of an iterable that is no stream, a part is
   * not looked at any more when the next one is asked for.
   *
   * @param expected what it has to be
   * @throws {ImageError} DIGEST_MISMATCH when it is something else; DISK_FULL
   */
  write(
    content: AsyncIterable<unknown> | Uint8Array,
    expected?: BlobIdentity,
  ): Promise<BlobIdentity>;
  /** @returns where a blob's file is or would be */
  pathOf(digest: string): string;
  remove(digest: string): Promise<void>;
}
