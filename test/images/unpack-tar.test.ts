import { mkdir, mkdtemp, readdir, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { gzipSync } from "node:zlib";
import { afterEach, beforeEach, describe, expect, it } from "vitest";

import { unpackTar } from "../../src/images/copy/unpack-tar.ts";
import { LayerWriter } from "../../src/images/layer/layer-writer.ts";
import { RootTree } from "../../src/images/layer/root-tree.ts";
import { defaultUnpackLimits, type UnpackLimits } from "../../src/images/oci/tar/unpack-limits.ts";
import { tarOf } from "./oci/oci-fixture.ts";

let root: string;
beforeEach(async () => {
  root = await mkdtemp(join(tmpdir(), "berth-unpack-tar-"));
});
afterEach(() => rm(root, { recursive: true, force: true }));

async function unpack(tar: Buffer, limits: Partial<UnpackLimits>): Promise<readonly string[]> {
  const source = join(root, "x.tar.gz");
  const layer = join(root, "layer");
  await writeFile(source, gzipSync(tar, { level: 9 }));
  await mkdir(layer);
  const tree = new RootTree([{ directory: layer, opaque: [], isGrowing: true }], "none");
  const writer = new LayerWriter(layer, tree, { uid: 0, gid: 0 });
  const all = { ...defaultUnpackLimits, ...limits };
  await unpackTar(source, "gzip", { path: "/", writer, tree, limits: all });
  return readdir(layer);
}

describe("unpackTar()", () => {
  const zeros = tarOf({ name: "zeros", text: "\0".repeat(900_000) });

  it("stops a bomb by its ratio long before the disk is full", async () => {
    const limits = { unpackedBytes: 1_000_000, ratio: 50 };
    await expect(unpack(zeros, limits)).rejects.toThrow(
      /\[ARCHIVE_TOO_LARGE\].*more than 50 bytes for each compressed one/,
    );
  });

  it("stops at too many bytes, and at too many entries", async () => {
    await expect(unpack(zeros, { unpackedBytes: 100_000 })).rejects.toThrow(
      /\[ARCHIVE_TOO_LARGE\].*more than 100000 bytes/,
    );
    await rm(join(root, "layer"), { recursive: true });
    const many = tarOf({ name: "a" }, { name: "b" }, { name: "c" });
    await expect(unpack(many, { entries: 2 })).rejects.toThrow(/more than 2 entries/);
  });

  it("takes a file of zeros that is small enough to be meant", async () => {
    expect(await unpack(zeros, {})).toEqual(["zeros"]);
  });
});
