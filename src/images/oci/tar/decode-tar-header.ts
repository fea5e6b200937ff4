import { ImageError } from "../../image-error.ts";
import { TAR_BLOCK_BYTES, tarTypeFlags, type TarEntry, type TarEntryKind } from "./tar-entry.ts";

/** A header block; `extension` holds data for the entry that follows. */
export type TarHeader =
  | { readonly kind: "entry"; readonly entry: TarEntry }
  | {
      readonly kind: "extension";
      readonly type: "pax" | "pax-global" | "long-name" | "long-link";
      readonly sizeBytes: number;
    };

/** The last id that the system's calls take. */
const MAX_ID = 2 ** 32 - 2;
/** The last time that every file system takes. */
const MAX_TIME_SECONDS = 2 ** 33;

/** What was said ahead of an entry and goes before its own header. */
export type TarOverrides = Partial<Omit<TarEntry, "kind">>;

const kinds = new Map<string, TarEntryKind>([
  ...Object.entries(tarTypeFlags).map(([kind, flag]) => [flag, kind as TarEntryKind] as const),
  ["\0", "file"],
  ["7", "file"], // "contiguous", which no system tells from a plain one
]);
const extensions = new Map([
  ["x", "pax"],
  ["g", "pax-global"],
  ["L", "long-name"],
  ["K", "long-link"],
] as const);

/**
 * Reads a header block.
 *
 * @returns undefined for a block of zeros, which ends an archive
 * @throws {ImageError} ARCHIVE_INVALID; ARCHIVE_UNSAFE for a type of entry that is not known
 */
export function decodeTarHeader(block: Buffer, overrides: TarOverrides): TarHeader | undefined {
  const sum = sumOf(block);
  if (sum === 0x20 * 8) return undefined;
  if (sum !== readNumber(block, 148, 8)) throw damaged("a header's checksum is wrong");
  const flag = block.toString("latin1", 156, 157);
  for (const [letter, type] of extensions) {
    if (letter === flag) return { kind: "extension", type, sizeBytes: readNumber(block, 124, 12) };
  }
  const entry = readEntry(block, flag, overrides);
  if (Math.max(entry.uid, entry.gid) > MAX_ID) throw outOfRange();
  const mtimeSeconds = Math.min(Math.max(entry.mtimeSeconds, 0), MAX_TIME_SECONDS);
  return { kind: "entry", entry: { ...entry, mtimeSeconds } };
}

function readEntry(block: Buffer, flag: string, overrides: TarOverrides): TarEntry {
  const name = overrides.name ?? readName(block);
  const listed = kinds.get(flag);
  if (listed === undefined) {
    throw new ImageError(
      "ARCHIVE_UNSAFE",
      `Cannot unpack ${JSON.stringify(name)}: an entry of type ${JSON.stringify(flag)}; ` +
        "only files, directories, links and pipes are taken",
    );
  }
  const kind = listed === "file" && name.endsWith("/") ? "directory" : listed; // before POSIX
  const sizeBytes = overrides.sizeBytes ?? readNumber(block, 124, 12);
  return {
    kind,
    mode: readNumber(block, 100, 8) & 0o7777,
    uid: readNumber(block, 108, 8),
    gid: readNumber(block, 116, 8),
    mtimeSeconds: readNumber(block, 136, 12),
    linkName: readText(block, 157, 100),
    deviceMajor: readNumber(block, 329, 8),
    deviceMinor: readNumber(block, 337, 8),
    attributes: {},
    ...overrides,
    name,
    sizeBytes: kind === "file" ? sizeBytes : 0, // for the rest it is said without any content
  };
}

/**
 * Reads the records of a PAX header.
 *
 * @throws {ImageError} ARCHIVE_INVALID when they are no records
 */
export function decodePax(bytes: Buffer): TarOverrides {
  let overrides: TarOverrides = {};
  const attributes: Record<string, string> = {};
  for (const [key, value] of paxRecords(bytes)) {
    const read = paxReaders.get(key);
    if (read !== undefined) overrides = { ...overrides, ...read(value) };
    if (key.startsWith(ATTRIBUTE)) attributes[key.slice(ATTRIBUTE.length)] = value;
    if (key.startsWith("GNU.sparse.")) throw damaged("it has sparse files, which are not read");
  }
  return { ...overrides, attributes };
}

const ATTRIBUTE = "SCHILY.xattr.";
const paxReaders = new Map<string, (value: string) => TarOverrides>([
  ["path", (value) => ({ name: value })],
  ["linkpath", (value) => ({ linkName: value })],
  ["size", (value) => ({ sizeBytes: toCount(value) })],
  ["uid", (value) => ({ uid: toCount(value) })],
  ["gid", (value) => ({ gid: toCount(value) })],
  ["mtime", (value) => ({ mtimeSeconds: Math.floor(Number(value)) || 0 })],
]);

function* paxRecords(bytes: Buffer): Generator<readonly [string, string]> {
  let at = 0;
  while (at < bytes.length) {
    const space = bytes.indexOf(0x20, at);
    const length = Number(bytes.toString("latin1", at, space));
    const end = at + length;
    const isWhole = space > at && Number.isInteger(length) && end <= bytes.length && end > space;
    if (!isWhole || bytes[end - 1] !== 0x0a) throw damaged("an extended header cannot be read");
    const record = bytes.toString("utf8", space + 1, end - 1);
    const equals = record.indexOf("=");
    if (equals < 1) throw damaged("an extended header cannot be read");
    yield [record.slice(0, equals), record.slice(equals + 1)];
    at = end;
  }
}

function readName(block: Buffer): string {
  const name = readText(block, 0, 100);
  const isPosix = block.toString("latin1", 257, 263) === "ustar\0";
  return isPosix && block[345] !== 0 ? `${readText(block, 345, 155)}/${name}` : name;
}

function readText(block: Buffer, at: number, maxBytes: number): string {
  const end = block.indexOf(0, at);
  return block.toString("utf8", at, end === -1 ? at + maxBytes : Math.min(end, at + maxBytes));
}

function readNumber(block: Buffer, at: number, length: number): number {
  if (((block[at] ?? 0) & 0x80) !== 0) return readBinary(block.subarray(at, at + length));
  const text = block.toString("latin1", at, at + length).replaceAll(/[\0 ]+/g, "");
  if (!/^[0-7]*$/.test(text)) throw damaged("a header holds no numbers where they belong");
  return text === "" ? 0 : Number.parseInt(text, 8);
}

/** GNU's way of writing what octal digits cannot hold. */
function readBinary(bytes: Buffer): number {
  let value = (bytes[0] ?? 0) & 0x7f;
  for (const byte of bytes.subarray(1)) value = value * 256 + byte;
  if (bytes[0] !== 0x80 || !Number.isSafeInteger(value)) throw outOfRange();
  return value;
}

function toCount(value: string): number {
  const count = Number(value);
  if (/^\d+$/.test(value) && Number.isSafeInteger(count)) return count;
  throw outOfRange();
}

function outOfRange(): ImageError {
  return damaged("a header holds a number that is out of range");
}

function sumOf(block: Buffer): number {
  let sum = 0x20 * 8; // the checksum's own place counts as spaces
  for (let at = 0; at < 148; at += 1) sum += block[at] ?? 0;
  for (let at = 156; at < TAR_BLOCK_BYTES; at += 1) sum += block[at] ?? 0;
  return sum;
}

/** Makes the error of an archive that cannot be read. */
export function damaged(reason: string, cause?: unknown): ImageError {
  const text = `Cannot read the archive: ${reason}; fetch or make it anew`;
  return new ImageError("ARCHIVE_INVALID", text, { cause });
}
