import { createHash } from "node:crypto";
import { lstatSync, readFileSync, readdirSync, realpathSync } from "node:fs";
import { mkdtemp, rm, utimes, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";

import { afterEach, beforeEach, describe, expect, it } from "vitest";

import { deleteOldest } from "../../src/images/copy/delete-oldest.ts";
import { openFileDigests, type FileDigests } from "../../src/images/copy/file-digests.ts";
import { toIdentity, type FileIdentity } from "../../src/images/layer/tree-entry.ts";

let root: string;
let file: string;
beforeEach(async () => {
  root = await mkdtemp(join(tmpdir(), "berth-digests-"));
  file = join(root, "file");
  await writeFile(file, "one");
});
afterEach(() => rm(root, { recursive: true, force: true }));

const sha256 = (text: string): string => createHash("sha256").update(text).digest("hex");
const open = (): Promise<FileDigests> => openFileDigests(join(root, "cache"), "/context");
/** The file's facts as they would be had it not been touched for a while. */
const settled = (): FileIdentity => ({ ...toIdentity(lstatSync(file)) });

/** @returns the rows that are kept on disk */
function keptRows(): readonly unknown[] {
  const directory = join(root, "cache/file-digests");
  const rows: unknown = JSON.parse(
    readFileSync(join(directory, readdirSync(directory)[0] ?? ""), "utf8"),
  );
  return Array.isArray(rows) ? rows : [];
}

describe("openFileDigests()", () => {
  it("hashes what it does not know", async () => {
    expect(await (await open()).digestOf(file, settled())).toBe(sha256("one"));
    const large = "x".repeat(3_000_000);
    await writeFile(file, large);
    expect(await (await open()).digestOf(file, settled())).toBe(sha256(large));
  });

  it("does not keep a file that was written to less than 2 s before it was hashed", async () => {
    const digests = await open();
    await digests.digestOf(file, settled());
    await digests.save();
    expect(readdirSync(root)).not.toContain("cache");
  });
});

describe("kept digests", () => {
  // Of an old file of this machine: what is in place does not change while the tests run.
  const old = realpathSync(process.execPath);
  const realFile = realpathSync("/etc/passwd");

  it("are believed while the file is the same, and no longer", async () => {
    const identity = toIdentity(lstatSync(old));
    const first = await open();
    const digest = await first.digestOf(old, identity);
    await first.save();
    expect(keptRows()).toEqual([[old, identity, digest]]);
    for (const change of [
      { mtimeMs: 1 },
      { ctimeMs: 1 },
      { sizeBytes: 1 },
      { ino: 1 },
      { dev: -1 },
    ]) {
      const directory = join(root, "cache/file-digests");
      const path = join(directory, readdirSync(directory)[0] ?? "");
      await writeFile(path, JSON.stringify([[old, identity, "kept"]]));
      expect(await (await open()).digestOf(old, identity)).toBe("kept");
      await writeFile(path, JSON.stringify([[old, { ...identity, ...change }, "kept"]]));
      expect(await (await open()).digestOf(old, identity)).toBe(digest);
    }
  });

  it.each(["", "[", "{}", "[[1,2,3]]", '[["/x",{},"y"]]'])(
    "that are broken (%j) count for nothing",
    async (text) => {
      const identity = toIdentity(lstatSync(old));
      const first = await open();
      const digest = await first.digestOf(old, identity);
      await first.save();
      const directory = join(root, "cache/file-digests");
      await writeFile(join(directory, readdirSync(directory)[0] ?? ""), text);
      expect(await (await open()).digestOf(old, identity)).toBe(digest);
    },
  );

  it("of builds that end at once are all kept", async () => {
    const one = await open();
    const other = await open();
    const paths = [old, realFile];
    await one.digestOf(old, toIdentity(lstatSync(old)));
    await other.digestOf(realFile, toIdentity(lstatSync(realFile)));
    await one.save();
    await other.save();
    expect(keptRows().map((row) => (Array.isArray(row) ? row[0] : row))).toEqual(paths);
  });

  it("refuses a file that changes while it is read", async () => {
    const before = settled();
    await writeFile(file, "another length");
    await expect((await open()).digestOf(file, before)).rejects.toThrow(
      /changed while it was read/,
    );
  });
});

describe("deleteOldest()", () => {
  it("keeps the newest", async () => {
    const directory = await mkdtemp(join(root, "many-"));
    for (const [index, name] of ["c", "a", "b"].entries()) {
      await writeFile(join(directory, name), "");
      await utimes(join(directory, name), index, index);
    }
    await deleteOldest(directory, 2);
    expect(readdirSync(directory)).toEqual(["a", "b"]);
    await deleteOldest(directory, 2);
    expect(readdirSync(directory)).toHaveLength(2);
  });
});
