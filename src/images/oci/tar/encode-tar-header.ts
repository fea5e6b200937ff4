import { posix } from "node:path";

import { paddingOf, TAR_BLOCK_BYTES, tarTypeFlags, type TarEntry } from "./tar-entry.ts";

const MAX_OCTAL_7 = 0o7777777;
const MAX_OCTAL_11 = 0o77777777777;

/**
 * Writes an entry's header: ustar, with PAX records before it for what ustar cannot hold. The
 * same entry always gives the same bytes. tar-stream's encoder cuts ids above 2^18 and times after
 * 2038, and can only be had as a stream.
 */
export function encodeTarHeader(entry: TarEntry): Buffer {
  const nameAsIs = splitName(entry.name);
  const records = toPaxRecords(entry, nameAsIs === undefined);
  const [prefix, name] = nameAsIs ?? ["", cutTo(entry.name, 100)];
  const header = encodeBlock({ ...entry, prefix, name, flag: tarTypeFlags[entry.kind] });
  if (records === "") return header;
  const body = Buffer.from(records);
  const paxName = cutTo(`PaxHeaders/${posix.basename(entry.name)}`, 100);
  const own = { name: paxName, linkName: "", sizeBytes: body.length, mode: 0o644 };
  const pax = encodeBlock({ ...entry, ...own, uid: 0, gid: 0, prefix: "", flag: "x" });
  return Buffer.concat([pax, body, Buffer.alloc(paddingOf(body.length)), header]);
}

interface HeaderBlock extends Omit<TarEntry, "kind" | "attributes"> {
  readonly prefix: string;
  readonly flag: string;
}

function encodeBlock(block: HeaderBlock): Buffer {
  const bytes = Buffer.alloc(TAR_BLOCK_BYTES);
  bytes.write(block.name, 0, 100);
  bytes.write(octal(block.mode & 0o7777, 7), 100);
  bytes.write(octal(fit(block.uid, MAX_OCTAL_7), 7), 108);
  bytes.write(octal(fit(block.gid, MAX_OCTAL_7), 7), 116);
  bytes.write(octal(fit(block.sizeBytes, MAX_OCTAL_11), 11), 124);
  bytes.write(octal(fit(block.mtimeSeconds, MAX_OCTAL_11), 11), 136);
  bytes.write("        ", 148);
  bytes.write(block.flag, 156);
  bytes.write(cutTo(block.linkName, 100), 157, 100);
  bytes.write("ustar\u000000", 257, "latin1");
  bytes.write(octal(block.deviceMajor, 7), 329);
  bytes.write(octal(block.deviceMinor, 7), 337);
  bytes.write(block.prefix, 345, 155);
  let sum = 0;
  for (const byte of bytes) sum += byte;
  bytes.write(`${octal(sum, 6)}\0 `, 148, "latin1");
  return bytes;
}

/** @returns undefined when only a PAX record can hold the name */
function splitName(name: string): readonly [string, string] | undefined {
  if (!isAscii(name)) return undefined;
  if (name.length <= 100) return ["", name];
  const slash = name.lastIndexOf("/", Math.min(155, name.length - 2));
  const isFit = slash > 0 && name.length - slash - 1 <= 100;
  return isFit ? [name.slice(0, slash), name.slice(slash + 1)] : undefined;
}

function toPaxRecords(entry: TarEntry, needsPath: boolean): string {
  const { linkName } = entry;
  const attributes = Object.entries(entry.attributes).map(
    ([name, value]) => [`SCHILY.xattr.${name}`, value] as const,
  );
  const needed: readonly (readonly [string, string | number])[] = [
    ...attributes,
    ...(entry.gid > MAX_OCTAL_7 ? [["gid", entry.gid] as const] : []),
    ...(linkName.length > 100 || !isAscii(linkName) ? [["linkpath", linkName] as const] : []),
    ...(needsPath ? [["path", entry.name] as const] : []),
    ...(entry.sizeBytes > MAX_OCTAL_11 ? [["size", entry.sizeBytes] as const] : []),
    ...(entry.uid > MAX_OCTAL_7 ? [["uid", entry.uid] as const] : []),
  ];
  return needed.map(([key, value]) => toPaxRecord(` ${key}=${value}\n`)).join("");
}

/** A record begins with its own length, whose digits count too. */
function toPaxRecord(text: string): string {
  const textBytes = Buffer.byteLength(text);
  let length = textBytes + String(textBytes).length;
  if (textBytes + String(length).length !== length) length += 1;
  return `${length}${text}`;
}

function isAscii(text: string): boolean {
  return Buffer.byteLength(text) === text.length;
}

/** Cuts by bytes; the whole text is in a PAX record then. */
function cutTo(text: string, maxBytes: number): string {
  return isAscii(text)
    ? text.slice(0, maxBytes)
    : text.replaceAll(/[^\x20-\x7e]/g, "_").slice(0, maxBytes);
}

function octal(value: number, digits: number): string {
  return value.toString(8).padStart(digits, "0");
}

/** What does not fit stands in a PAX record, and 0 here. */
function fit(value: number, max: number): number {
  return value > max ? 0 : value;
}
