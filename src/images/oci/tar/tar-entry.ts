/** What an entry of a tar is. */
export type TarEntryKind =
  "block-device" | "character-device" | "directory" | "fifo" | "file" | "link" | "symlink";

/** One entry of a tar, without its content. */
export interface TarEntry {
  /** As written: a directory's may end with a slash. */
  readonly name: string;
  readonly kind: TarEntryKind;
  /** Permission bits. */
  readonly mode: number;
  readonly uid: number;
  readonly gid: number;
  /** Of the content; 0 for all but files. */
  readonly sizeBytes: number;
  /** Whole seconds since 1970. */
  readonly mtimeSeconds: number;
  /** Where a link or symlink leads; empty for the rest. */
  readonly linkName: string;
  readonly deviceMajor: number;
  readonly deviceMinor: number;
  /** Extended attributes by name, as `security.capability`. */
  readonly attributes: Readonly<Record<string, string>>;
}

/** What every header is a multiple of, and content is padded to. */
export const TAR_BLOCK_BYTES = 512;

/** How a kind is written in a header. */
export const tarTypeFlags: Readonly<Record<TarEntryKind, string>> = {
  file: "0",
  link: "1",
  symlink: "2",
  "character-device": "3",
  "block-device": "4",
  directory: "5",
  fifo: "6",
};

/** @returns how many zero bytes follow content of a length */
export function paddingOf(sizeBytes: number): number {
  return (TAR_BLOCK_BYTES - (sizeBytes % TAR_BLOCK_BYTES)) % TAR_BLOCK_BYTES;
}
