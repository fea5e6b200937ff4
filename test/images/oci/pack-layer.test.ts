import { spawnSync } from "node:child_process";
import { chmod, lchown, link, mkdir, symlink, utimes, writeFile } from "node:fs/promises";
import { createServer } from "node:net";
import { join } from "node:path";
import * as zlib from "node:zlib";
import { afterEach, beforeEach, describe, expect, it } from "vitest";

import { openLayerStore, type Layer, type LayerStore } from "../../../src/images/layer-store.ts";
import type { Compression } from "../../../src/images/oci/media-types.ts";
import { openBlobStore, type DiskBlobStore } from "../../../src/images/oci/open-blob-store.ts";
import { packLayer } from "../../../src/images/oci/pack-layer.ts";
import { unpackLayer } from "../../../src/images/oci/unpack-layer.ts";
import {
  isRoot,
  listTree,
  makeTemporaryDirectory,
  type TemporaryDirectory,
} from "./oci-fixture.ts";

const hasZstd = "zstdCompress" in zlib;
const compressions: readonly Compression[] = hasZstd ? ["none", "gzip", "zstd"] : ["none", "gzip"];
const longName = `${"n".repeat(120)}.txt`;
const letters = Array.from({ length: 300_000 }, (_, index) => (index * index) % 251);
let directory: TemporaryDirectory;
let layers: LayerStore;
let blobs: DiskBlobStore;
beforeEach(async () => {
  directory = await makeTemporaryDirectory();
  layers = await openLayerStore(directory.path);
  blobs = await openBlobStore(join(directory.path, "blobs"));
});
afterEach(() => directory[Symbol.asyncDispose]());

/** Makes the same files in one of two orders, at different times. */
async function fillLayer(name: string, order: "forwards" | "backwards"): Promise<Layer> {
  const draft = await layers.createDraft();
  const at = (path: string): string => join(draft, path);
  await mkdir(at("z/deep"), { recursive: true });
  await mkdir(at("a"));
  const steps = [
    () => writeFile(at("z/deep/large"), Buffer.from(letters)),
    () => writeFile(at("a/tool"), "tool"),
    () => writeFile(at(longName), "long"),
    () => writeFile(at("ä\u{1F600}"), "wide"),
    () => writeFile(at("empty"), ""),
    () => symlink("/nowhere/at/all", at("a/link")),
  ];
  for (const step of order === "forwards" ? steps : steps.toReversed()) await step();
  if (order === "forwards") await link(at("a/tool"), at("z/same"));
  else await link(at("a/tool"), at("z/same"));
  await chmod(at("a/tool"), 0o4755);
  const time = order === "forwards" ? 1_600_000_000 : 1_700_000_000;
  for (const path of ["a", "a/tool", "empty"]) await utimes(at(path), time, time);
  return layers.add(name, draft, { kind: "cache" });
}

async function listWithTar(digest: string): Promise<readonly string[]> {
  const { stdout, stderr } = spawnSync("tar", ["-tvf", blobs.pathOf(digest), "--numeric-owner"], {
    env: { ...process.env, LC_ALL: "C.UTF-8", TZ: "UTC" },
    encoding: "utf8",
  });
  expect(stderr).toBe("");
  return stdout.trim().split("\n");
}

describe("packLayer()", () => {
  it.each(compressions)(
    "gives the same %s whatever the order and times of files",
    async (compression) => {
      const first = await packLayer({ blobs }, await fillLayer("one", "forwards"), { compression });
      const second = await packLayer({ blobs }, await fillLayer("two", "backwards"), {
        compression,
      });
      expect(second).toEqual(first);
      const target = await layers.createDraft();
      const blob = await blobs.open(first.digest);
      const unpacked = await unpackLayer(blob, first.mediaType, target);
      expect(unpacked).toMatchObject({ diffId: first.diffId, unpackedBytes: first.unpackedBytes });
      expect(listTree(target)).toEqual(listTree(layers.directoryOf("one")));
    },
  );

  it("writes what other tools read, in order, with fixed times", async () => {
    const packing = await packLayer({ blobs }, await fillLayer("one", "forwards"), {
      compression: "gzip",
    });
    const owner = "0/0";
    const lines = (await listWithTar(packing.digest)).map((line) => line.replaceAll(/ +/g, " "));
    expect(lines).toEqual([
      `drwxr-xr-x ${owner} 0 1970-01-01 00:00 a/`,
      `lrwxrwxrwx ${owner} 0 1970-01-01 00:00 a/link -> /nowhere/at/all`,
      `-rwsr-xr-x ${owner} 4 1970-01-01 00:00 a/tool`,
      `-rw-r--r-- ${owner} 0 1970-01-01 00:00 empty`,
      `-rw-r--r-- ${owner} 4 1970-01-01 00:00 ${longName}`,
      `drwxr-xr-x ${owner} 0 1970-01-01 00:00 z/`,
      `drwxr-xr-x ${owner} 0 1970-01-01 00:00 z/deep/`,
      `-rw-r--r-- ${owner} 300000 1970-01-01 00:00 z/deep/large`,
      `hrwsr-xr-x ${owner} 0 1970-01-01 00:00 z/same link to a/tool`,
      `-rw-r--r-- ${owner} 4 1970-01-01 00:00 ä\u{1F600}`,
    ]);
    const { status } = spawnSync("gzip", ["-t"], { input: await readAll(packing.digest) });
    expect(status).toBe(0);
  });

  it("clamps times to the epoch that is given", async () => {
    const layer = await fillLayer("one", "forwards");
    const options = { compression: "none", epochSeconds: 1_650_000_000 } as const;
    const packing = await packLayer({ blobs }, layer, options);
    const times = new Map(
      (await listWithTar(packing.digest)).map((line) => {
        const words = line.split(/ +/);
        return [words[5], words[3]];
      }),
    );
    expect(times.get("a/tool")).toBe("2020-09-13"); // as old as it is
    expect(times.get("z/deep/large")).toBe("2022-04-15"); // as new as may be
  });

  it("writes what an overlay deleted", async () => {
    const draft = await layers.createDraft();
    await mkdir(join(draft, "etc/fresh"), { recursive: true });
    const made = spawnSync("mknod", [join(draft, "etc/gone"), "c", "0", "0"]);
    expect(made.status, String(made.stderr)).toBe(0);
    const layer = await layers.add("del", draft, { kind: "cache", opaque: ["etc/fresh"] });
    const { digest } = await packLayer({ blobs }, layer, { compression: "none" });
    const names = (await listWithTar(digest)).map((line) => line.split(" ").at(-1));
    expect(names).toEqual(["etc/", "etc/fresh/", "etc/fresh/.wh..wh..opq", "etc/.wh.gone"]);
  });

  it.skipIf(!isRoot)("keeps owners and devices as numbers (skipped without root)", async () => {
    const draft = await layers.createDraft();
    await writeFile(join(draft, "f"), "");
    await lchown(join(draft, "f"), 1000, 3_000_000);
    spawnSync("mknod", [join(draft, "n"), "b", "259", "300"]);
    const layer = await layers.add("own", draft, { kind: "cache" });
    const { digest } = await packLayer({ blobs }, layer, { compression: "none" });
    const lines = (await listWithTar(digest)).map((line) => line.replaceAll(/ +/g, " "));
    expect(lines[0]).toContain("1000/3000000 0 1970");
    expect(lines[1]).toContain("0/0 259,300 1970");
  });

  it("leaves out sockets", async () => {
    const draft = await layers.createDraft();
    const server = createServer();
    await new Promise<void>((resolve) => server.listen(join(draft, "s"), resolve));
    try {
      const layer = { name: "s", directory: draft, sizeBytes: 0, opaque: [] };
      const packing = await packLayer({ blobs }, layer, { compression: "none" });
      expect(packing.unpackedBytes).toBe(1024);
    } finally {
      await new Promise((resolve) => server.close(resolve));
    }
  });

  it.each([
    [".wh.file", /".wh.file": that name marks a deleted file/],
    [Buffer.from([0x61, 0xff]), /it is not UTF-8/],
  ])("refuses the name %s", async (name, text) => {
    const draft = await layers.createDraft();
    await writeFile(Buffer.concat([Buffer.from(`${draft}/`), Buffer.from(name)]), "");
    const layer = { name: "bad", directory: draft, sizeBytes: 0, opaque: [] };
    const packing = packLayer({ blobs }, layer, { compression: "gzip" });
    await expect(packing).rejects.toThrow("[IMAGE_UNFIT]");
    await expect(packing).rejects.toThrow(text);
    expect(await blobs.list()).toEqual([]);
  });

  it("finds a packing again while its blob is there, for the same options only", async () => {
    const layer = await fillLayer("one", "forwards");
    const first = await packLayer({ blobs }, layer, { compression: "gzip" });
    await writeFile(join(layer.directory, "later"), "would change it");
    expect(await packLayer({ blobs }, layer, { compression: "gzip" })).toEqual(first);
    const other = await packLayer({ blobs }, layer, { compression: "gzip", level: 9 });
    expect(other.diffId).not.toBe(first.diffId);
    await blobs.remove(first.digest);
    const again = await packLayer({ blobs }, layer, { compression: "gzip" });
    expect(again.diffId).toBe(other.diffId);
  });

  it("says how far it is", async () => {
    const draft = await layers.createDraft();
    await writeFile(join(draft, "f"), Buffer.alloc(3 * 2 ** 20));
    const layer = await layers.add("big", draft, { kind: "cache" });
    const told: number[] = [];
    const onProgress = (doneBytes: number): unknown => told.push(doneBytes);
    const { unpackedBytes } = await packLayer({ blobs }, layer, {
      compression: "gzip",
      onProgress,
    });
    expect(told).toEqual([2 ** 20, 2 * 2 ** 20, 3 * 2 ** 20, unpackedBytes]);
  });
});

async function readAll(digest: string): Promise<Buffer> {
  const parts: Buffer[] = [];
  for await (const part of await blobs.open(digest)) parts.push(part);
  return Buffer.concat(parts);
}
