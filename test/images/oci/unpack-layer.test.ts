import { existsSync, lstatSync, mkdirSync, readdirSync, statSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { Readable } from "node:stream";
import * as zlib from "node:zlib";
import { afterEach, beforeEach, describe, expect, it } from "vitest";

import { mediaTypes } from "../../../src/images/oci/media-types.ts";
import { defaultUnpackLimits } from "../../../src/images/oci/tar/unpack-limits.ts";
import { unpackLayer, type UnpackedLayer } from "../../../src/images/oci/unpack-layer.ts";
import { readOpaque } from "./read-opaque.ts";
import {
  digestOf,
  isRoot,
  listTree,
  makeTemporaryDirectory,
  tarOf,
  type TemporaryDirectory,
  type TestEntry,
} from "./oci-fixture.ts";

const hasZstd = "zstdCompress" in zlib;
let directory: TemporaryDirectory;
let target: string;
beforeEach(async () => {
  directory = await makeTemporaryDirectory();
  target = join(directory.path, "target");
  mkdirSync(target);
});
afterEach(() => directory[Symbol.asyncDispose]());

function unpack(
  bytes: Buffer,
  mediaType: string = mediaTypes.layerTar,
  limits = defaultUnpackLimits,
): Promise<UnpackedLayer> {
  const chunks = Array.from({ length: Math.ceil(bytes.length / 700) }, (_, index) =>
    bytes.subarray(index * 700, (index + 1) * 700),
  );
  return unpackLayer(Readable.from(chunks), mediaType, target, limits);
}

describe("unpackLayer()", () => {
  it("writes files, directories and links as they are in the tar", async () => {
    const long = `${"d".repeat(90)}/${"e".repeat(90)}/${"ä".repeat(60)}`;
    const tar = tarOf(
      { name: "./", kind: "directory", mode: 0o755 },
      { name: "bin/", kind: "directory", mode: 0o750, mtimeSeconds: 1000 },
      { name: "bin/tool", text: "#!x", mode: 0o4755, mtimeSeconds: 1_700_000_000 },
      { name: "bin/same", kind: "link", linkName: "bin/tool" },
      { name: "sh", kind: "symlink", linkName: "/bin/tool" },
      { name: "empty", mode: 0o600 },
      { name: "pipe", kind: "fifo", mode: 0o620 },
      { name: long, text: "long" },
    );
    const unpacked = await unpack(tar);
    expect(unpacked).toMatchObject({ diffId: digestOf(tar), entries: 8, opaque: [] });
    expect(unpacked.unpackedBytes).toBe(tar.length);
    expect(listTree(target)).toEqual({
      "bin/": "750",
      "bin/tool": "4755 #!x",
      "bin/same": "4755 #!x",
      sh: "-> /bin/tool",
      empty: "600 ",
      pipe: "fifo 620",
      [`${"d".repeat(90)}/`]: "755",
      [`${"d".repeat(90)}/${"e".repeat(90)}/`]: "755",
      [long]: "644 long",
    });
    expect(statSync(join(target, "bin/same")).ino).toBe(statSync(join(target, "bin/tool")).ino);
    expect(statSync(join(target, "bin/tool")).mtimeMs).toBe(1_700_000_000_000);
    expect(statSync(join(target, "bin")).mtimeMs).toBe(1_000_000);
  });

  it.skipIf(!isRoot)(
    "keeps owners, those beyond what ustar holds too (skipped without root)",
    async () => {
      await unpack(tarOf({ name: "a", uid: 1234, gid: 5_000_000 }));
      expect(lstatSync(join(target, "a"))).toMatchObject({ uid: 1234, gid: 5_000_000 });
    },
  );

  it("turns deletions into what an overlay reads", async () => {
    const { opaque } = await unpack(
      tarOf(
        { name: ".wh.gone" },
        { name: "etc/.wh.conf" },
        { name: "fresh/", kind: "directory", mode: 0o700 },
        { name: "fresh/.wh..wh..opq" },
        { name: "fresh/new", text: "n" },
        { name: ".wh..wh.plnk" },
        { name: ".wh.both" },
        { name: "both", text: "b" },
        { name: ".wh.dir" },
        { name: "dir/", kind: "directory", mode: 0o755 },
      ),
    );
    expect(opaque).toEqual(["dir", "fresh"]);
    expect(listTree(target)).toEqual({
      ...{ gone: "whiteout", "etc/": "755", "etc/conf": "whiteout" },
      ...{ "fresh/": "700", "fresh/new": "644 n", both: "644 b", "dir/": "755" },
    });
    expect(await readOpaque(target)).toEqual(["dir", "fresh"]);
  });

  it("lets the last of two entries with one name win", async () => {
    await unpack(
      tarOf(
        { name: "a", text: "1" },
        { name: "a", text: "2" },
        { name: "d/x", text: "x" },
        { name: "d", kind: "symlink", linkName: "a" },
        { name: "f", kind: "symlink", linkName: "/etc/passwd" },
        { name: "f", text: "mine" },
        { name: "g", text: "g" },
        { name: "g/", kind: "directory", mode: 0o711 },
      ),
    );
    expect(listTree(target)).toEqual({ a: "644 2", d: "-> a", f: "644 mine", "g/": "711" });
  });

  it("tells of attributes that are not kept", async () => {
    const attributes = { "security.capability": "x" };
    const { withoutAttributes } = await unpack(tarOf({ name: "bin/ping", attributes }));
    expect(withoutAttributes).toEqual(["bin/ping"]);
  });

  it("reads gzip in several members", async () => {
    const tar = tarOf({ name: "a", text: "x".repeat(5000) });
    const packed = Buffer.concat([
      zlib.gzipSync(tar.subarray(0, 999)),
      zlib.gzipSync(tar.subarray(999)),
    ]);
    const unpacked = await unpack(packed, "application/vnd.docker.image.rootfs.diff.tar.gzip");
    expect(unpacked).toMatchObject({ diffId: digestOf(tar), digest: digestOf(packed) });
    expect(readdirSync(target)).toEqual(["a"]);
  });

  it.skipIf(!hasZstd)(
    "reads zstd in several frames, skippable ones too (skipped without zstd)",
    async () => {
      const tar = tarOf({ name: "a", text: "x".repeat(50_000) }, { name: "b", text: "y" });
      const skippable = Buffer.from("502a4d1803000000616263", "hex");
      const packed = Buffer.concat([
        zlib.zstdCompressSync(tar.subarray(0, 999)),
        skippable,
        zlib.zstdCompressSync(Buffer.alloc(0)),
        zlib.zstdCompressSync(tar.subarray(999)),
      ]);
      expect((await unpack(packed, mediaTypes.layerZstd)).diffId).toBe(digestOf(tar));
      expect(readdirSync(target)).toEqual(["a", "b"]);
    },
  );

  it.each([
    ["a type that is no layer", mediaTypes.config, "MANIFEST_INVALID"],
    ["gzip that is none", mediaTypes.layerGzip, "ARCHIVE_INVALID"],
  ])("refuses %s", async (_, type, code) => {
    await expect(unpack(tarOf({ name: "a" }), type)).rejects.toThrow(`[${code}]`);
    expect(readdirSync(target)).toEqual([]);
  });
});

/** Each with what its error has to say. */
const hostile: readonly (readonly [string, readonly TestEntry[], string, RegExp])[] = [
  [
    "..",
    [{ name: "../outside/x" }],
    "ARCHIVE_UNSAFE",
    /"\.\.\/outside\/x": its name leads upwards/,
  ],
  [".. within", [{ name: "a/../../outside/x" }], "ARCHIVE_UNSAFE", /leads upwards/],
  ["an absolute name", [{ name: "/outside/x" }], "ARCHIVE_UNSAFE", /absolute/],
  ["no name", [{ name: "" }], "ARCHIVE_UNSAFE", /its name is empty/],
  [
    "a file as the root",
    [{ name: "./", kind: "symlink", linkName: "../outside" }],
    "ARCHIVE_UNSAFE",
    /root/,
  ],
  [
    "a symlink and a file below it",
    [
      { name: "s", kind: "symlink", linkName: "../outside" },
      { name: "s/x", text: "evil" },
    ],
    "ARCHIVE_UNSAFE",
    /"s\/x": it lies below "s", which is no directory/,
  ],
  [
    "a symlink and a directory below it",
    [
      { name: "s", kind: "symlink", linkName: "../outside" },
      { name: "s/x/", kind: "directory" },
    ],
    "ARCHIVE_UNSAFE",
    /below "s"/,
  ],
  [
    "a symlink and a deletion below it",
    [{ name: "s", kind: "symlink", linkName: "../outside" }, { name: "s/.wh.secret" }],
    "ARCHIVE_UNSAFE",
    /below "s"/,
  ],
  [
    "a symlink and a mark below it",
    [{ name: "s", kind: "symlink", linkName: "../outside" }, { name: "s/.wh..wh..opq" }],
    "ARCHIVE_UNSAFE",
    /below "s"/,
  ],
  [
    "a hard link out",
    [{ name: "l", kind: "link", linkName: "../outside/secret" }],
    "ARCHIVE_UNSAFE",
    /unpack "l": its target "\.\.\/outside\/secret" leads upwards/,
  ],
  [
    "a hard link to an absolute path",
    [{ name: "l", kind: "link", linkName: "/etc/passwd" }],
    "ARCHIVE_UNSAFE",
    /unpack "l": its target "\/etc\/passwd" is absolute/,
  ],
  [
    "a hard link through a symlink",
    [
      { name: "s", kind: "symlink", linkName: "../outside" },
      { name: "l", kind: "link", linkName: "s/secret" },
    ],
    "ARCHIVE_UNSAFE",
    /"l": a hard link to "s\/secret", which is no file that this layer holds/,
  ],
  [
    "a hard link to nothing",
    [{ name: "l", kind: "link", linkName: "n" }],
    "ARCHIVE_UNSAFE",
    /no file/,
  ],
  [
    "a hard link to a directory",
    [
      { name: "d/", kind: "directory" },
      { name: "l", kind: "link", linkName: "d" },
    ],
    "ARCHIVE_UNSAFE",
    /a directory/,
  ],
  [
    "a character device",
    [{ name: "dev/null", kind: "character-device", deviceMajor: 1, deviceMinor: 3 }],
    "ARCHIVE_UNSAFE",
    /"dev\/null": it is a device/,
  ],
  [
    "a block device",
    [{ name: "sda", kind: "block-device", deviceMajor: 8 }],
    "ARCHIVE_UNSAFE",
    /"sda": it is a device/,
  ],
  ["a deletion of ..", [{ name: "a/.wh..." }], "ARCHIVE_UNSAFE", /deletes no file's name/],
  ["a deletion of nothing", [{ name: ".wh." }], "ARCHIVE_UNSAFE", /deletes no file's name/],
  ["a zero byte", [{ name: `${"a".repeat(101)}\0x` }], "ARCHIVE_UNSAFE", /zero byte/],
  [
    "a name too long",
    [{ name: "n".repeat(300) }],
    "ARCHIVE_INVALID",
    /"n{300}" cannot be written: ENAMETOOLONG/,
  ],
  ["an id too large", [{ name: "a", uid: 2 ** 40 }], "ARCHIVE_INVALID", /out of range/],
];

describe("unpackLayer() of a hostile tar", () => {
  let outside: string;
  beforeEach(() => {
    outside = join(directory.path, "outside");
    mkdirSync(outside);
    writeFileSync(join(outside, "secret"), "s", { mode: 0o600 });
  });

  it.each(hostile)("refuses %s and leaves all else as it was", async (_, entries, code, text) => {
    const before = listTree(directory.path);
    const error: unknown = await unpack(tarOf({ name: "first" }, ...entries)).catch(
      (thrown) => thrown,
    );
    expect(error).toMatchObject({ name: "ImageError", code });
    expect(String(error)).toMatch(text);
    const after = Object.entries(listTree(directory.path));
    expect(Object.fromEntries(after.filter(([path]) => !path.startsWith("target/")))).toEqual(
      Object.fromEntries(Object.entries(before).filter(([path]) => !path.startsWith("target/"))),
    );
    expect(existsSync("/outside")).toBe(false);
  });

  it("forgets what lay below a directory that became a link", async () => {
    mkdirSync(join(outside, "sub"), { mode: 0o700 });
    await unpack(
      tarOf(
        { name: "d/", kind: "directory", mode: 0o755 },
        { name: "d/sub/", kind: "directory", mode: 0o777 },
        { name: "d/sub/.wh.secret" },
        { name: "d/.wh.secret" },
        { name: "d/sub/.wh..wh..opq" },
        { name: "d/pipe", kind: "fifo" },
        { name: "d", kind: "symlink", linkName: "../outside" },
      ),
    );
    expect(listTree(directory.path)).toEqual({
      ...{ "outside/": "755", "outside/secret": "600 s", "outside/sub/": "700" },
      ...{ "target/": "755", "target/d": "-> ../outside" },
    });
  });

  it.each([
    ["a cut header", (tar: Buffer) => tar.subarray(0, 300), /ends within an entry/],
    ["a cut file", (tar: Buffer) => tar.subarray(0, 600), /ends within an entry/],
    ["a wrong checksum", (tar: Buffer) => Buffer.from(tar).fill(0x41, 0, 3), /checksum is wrong/],
    ["no tar", () => Buffer.alloc(2048, "no tar "), /no numbers where they belong/],
  ])("refuses %s", async (_, damage, text) => {
    const error: unknown = await unpack(damage(tarOf({ name: "a", text: "x".repeat(600) }))).catch(
      (thrown) => thrown,
    );
    expect(error).toMatchObject({ code: "ARCHIVE_INVALID" });
    expect(String(error)).toMatch(text);
  });

  it("refuses a type of entry that it does not know", async () => {
    const tar = tarOf({ name: "v" });
    tar.write("V", 156);
    const sum = tar.subarray(0, 512).reduce((total, byte) => total + byte, 0);
    const blank = tar.subarray(148, 156).reduce((total, byte) => total + byte, 0);
    tar.write(`${(sum - blank + 256).toString(8).padStart(6, "0")}\0 `, 148, "latin1");
    await expect(unpack(tar)).rejects.toThrow(/\[ARCHIVE_UNSAFE\].*"v": an entry of type "V"/);
  });

  it.each([
    ["gzip", mediaTypes.layerGzip, (bytes: Buffer) => zlib.gzipSync(bytes)],
    ...(hasZstd
      ? [["zstd", mediaTypes.layerZstd, (bytes: Buffer) => zlib.zstdCompressSync(bytes)] as const]
      : []),
  ] as const)("refuses %s that is cut or damaged", async (_, type, pack) => {
    const packed = pack(tarOf({ name: "a", text: digestOf(Buffer.from("x")).repeat(100) }));
    await expect(unpack(packed.subarray(0, -6), type)).rejects.toThrow("[ARCHIVE_INVALID]");
    const damaged = Buffer.from(packed);
    damaged.fill(0xff, 30, 60);
    await expect(unpack(damaged, type)).rejects.toThrow("[ARCHIVE_INVALID]");
  });

  it("stops a bomb by its size and by its ratio, and names the limit", async () => {
    const limits = { unpackedBytes: 2 ** 20, entries: 10, ratio: 50 };
    const bomb = zlib.gzipSync(tarOf({ name: "zeros", text: "\0".repeat(900_000) }), { level: 9 });
    await expect(unpack(bomb, mediaTypes.layerGzip, limits)).rejects.toThrow(
      /\[ARCHIVE_TOO_LARGE\].*more than 50 bytes for each compressed one/,
    );
    const large = tarOf({ name: "large", text: "\0".repeat(1_100_000) });
    await expect(unpack(large, mediaTypes.layerTar, limits)).rejects.toThrow(
      /\[ARCHIVE_TOO_LARGE\].*more than 1048576 bytes/,
    );
    const many = tarOf(...Array.from({ length: 11 }, (_, index) => ({ name: `f${index}` })));
    await expect(unpack(many, mediaTypes.layerTar, limits)).rejects.toThrow(/more than 10 entries/);
  });

  it("does not hold an extended header of any size", async () => {
    const header = tarOf({ name: "x", sizeBytes: 2 ** 30 }).subarray(0, 512);
    header.write("x", 156);
    const sum = header.reduce((total, byte, at) => total + (at >= 148 && at < 156 ? 32 : byte), 0);
    header.write(`${sum.toString(8).padStart(6, "0")}\0 `, 148, "latin1");
    await expect(unpack(header)).rejects.toThrow(/\[ARCHIVE_TOO_LARGE\].*1073741824 bytes/);
  });

  it("passes on what the stream itself fails with", async () => {
    const failing = new Readable({
      read() {
        this.destroy(new Error("connection lost"));
      },
    });
    const unpacking = unpackLayer(failing, mediaTypes.layerGzip, target);
    await expect(unpacking).rejects.toThrow("connection lost");
  });
});
