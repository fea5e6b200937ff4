import { readdir, utimes, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { Readable } from "node:stream";
import { text } from "node:stream/consumers";
import { afterEach, beforeEach, describe, expect, it } from "vitest";

import { openBlobStore, type DiskBlobStore } from "../../../src/images/oci/open-blob-store.ts";
import {
  digestOf,
  isRoot,
  makeTemporaryDirectory,
  type TemporaryDirectory,
} from "./oci-fixture.ts";
import { SmallDisk } from "../small-disk.ts";

const hello = Buffer.from("hello");
let directory: TemporaryDirectory;
let blobs: DiskBlobStore;
beforeEach(async () => {
  directory = await makeTemporaryDirectory();
  blobs = await openBlobStore(join(directory.path, "blobs"));
});
afterEach(() => directory[Symbol.asyncDispose]());

async function drafts(): Promise<readonly string[]> {
  return readdir(join(directory.path, "blobs", "drafts"));
}

describe("openBlobStore()", () => {
  it("keeps bytes and streams by their digest", async () => {
    const written = await blobs.write(hello);
    expect(written).toEqual({ digest: digestOf(hello), sizeBytes: 5 });
    const streamed = await blobs.write(Readable.from([Buffer.from("he"), Buffer.from("llo")]));
    expect(streamed).toEqual(written);
    expect(await blobs.stat(written.digest)).toBe(5);
    expect(await text(await blobs.open(written.digest))).toBe("hello");
    expect(await text(await blobs.open(written.digest, 3))).toBe("lo");
    expect(blobs.pathOf(written.digest)).toBe(
      join(directory.path, "blobs", "sha256", written.digest.slice(7)),
    );
    expect(await drafts()).toEqual([]);
  });

  it("has nothing under other digests, and refuses what is none", async () => {
    const digest = digestOf(hello);
    expect(await blobs.stat(digest)).toBeUndefined();
    await expect(blobs.open(digest)).rejects.toThrow(`[BLOB_NOT_FOUND] Cannot read blob ${digest}`);
    for (const wrong of ["sha256:../../x", "sha512:00", ""]) {
      await expect(blobs.stat(wrong)).rejects.toThrow("[MANIFEST_INVALID]");
    }
  });

  it("keeps nothing that is not what was expected", async () => {
    const expected = { digest: digestOf(hello), sizeBytes: 5 };
    await expect(blobs.write(Buffer.from("hallo"), expected)).rejects.toThrow("[DIGEST_MISMATCH]");
    await expect(blobs.write(Readable.from([hello.subarray(1)]), expected)).rejects.toThrow(
      /\[DIGEST_MISMATCH\].*of 5 bytes.*of 4 bytes/,
    );
    expect(await blobs.list()).toEqual([]);
    expect(await drafts()).toEqual([]);
  });

  it("leaves nothing of a stream that fails, and says why", async () => {
    const failing = new Readable({
      read() {
        this.push(hello);
        this.destroy(new Error("connection lost"));
      },
    });
    await expect(blobs.write(failing)).rejects.toThrow("connection lost");
    expect(await blobs.list()).toEqual([]);
    expect(await drafts()).toEqual([]);
  });

  it("does not read what it has already", async () => {
    const written = await blobs.write(hello);
    const again = Readable.from([hello]);
    expect(await blobs.write(again, written)).toEqual(written);
    expect(again.destroyed).toBe(true);
  });

  it("takes away blobs, and drafts of killed writers once they are old", async () => {
    const { digest } = await blobs.write(hello);
    await blobs.remove(digest);
    await blobs.remove(digest);
    expect(await blobs.stat(digest)).toBeUndefined();
    const draftsDir = join(directory.path, "blobs", "drafts");
    for (const name of ["old", "young"]) await writeFile(join(draftsDir, name), "");
    const then = new Date(Date.now() - 25 * 3_600_000);
    await utimes(join(draftsDir, "old"), then, then);
    await blobs.collectDrafts();
    expect(await drafts()).toEqual(["young"]);
  });

  it.skipIf(!isRoot)(
    "names the directory when the disk is full (skipped without root)",
    async () => {
      await using disk = await SmallDisk.mount(256 * 1024);
      const small = await openBlobStore(join(disk.path, "blobs"));
      const large = Readable.from(Array.from({ length: 10 }, () => Buffer.alloc(100_000)));
      await expect(small.write(large)).rejects.toThrow(`[DISK_FULL] Cannot write to ${disk.path}`);
      expect(await readdir(join(disk.path, "blobs", "drafts"))).toEqual([]);
      expect(await small.write(hello)).toMatchObject({ sizeBytes: 5 });
    },
  );
});
