import { spawnSync } from "node:child_process";
import { existsSync } from "node:fs";
import { copyFile, mkdir, readdir, readFile, rm, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { gzipSync } from "node:zlib";
import { afterEach, beforeEach, describe, expect, it } from "vitest";

import type { Image } from "../../../src/images/image-store.ts";
import type { OciImage } from "../../../src/images/oci/descriptor.ts";
import { exportImage } from "../../../src/images/oci/export-image.ts";
import { importImage } from "../../../src/images/oci/import-image.ts";
import { openBlobStore, type DiskBlobStore } from "../../../src/images/oci/open-blob-store.ts";
import { readLayout } from "../../../src/images/oci/read-layout.ts";
import { writeLayout } from "../../../src/images/oci/write-layout.ts";
import { createBuildFixture, filesOf, type BuildFixture } from "../build-fixture.ts";
import { tarOf, type TestEntry } from "./oci-fixture.ts";

const hasSkopeo = spawnSync("skopeo", ["--version"]).status === 0;
const formats = ["directory", "archive"] as const;
const options = {
  compression: "gzip",
  platform: { os: "linux", architecture: "amd64" },
} as const;
let fixture: BuildFixture;
let image: Image;
let oci: OciImage;
beforeEach(async () => {
  fixture = await createBuildFixture();
  await fixture.context({ a: "a", "b/c": "c", "b/link": "-> c" });
  image = await fixture.build('FROM scratch\nCOPY a /\nCOPY b /b\nENV X=1\nCMD ["/b/c"]');
  oci = await exportImage(fixture.store, image, options);
});
afterEach(() => fixture[Symbol.asyncDispose]());

function at(name: string): string {
  return join(fixture.root, name);
}

/** A store that has none of the blobs. */
function emptyBlobs(): Promise<DiskBlobStore> {
  return openBlobStore(at("other/blobs"));
}

async function write(path: string, format: "directory" | "archive" = "archive"): Promise<void> {
  const entries = [{ manifest: oci.manifest, reference: "example.test/app:1" }];
  await writeLayout(fixture.store.blobs, entries, { path, format });
}

async function archive(...entries: readonly TestEntry[]): Promise<string> {
  await writeFile(at("made.tar"), tarOf(...entries));
  return at("made.tar");
}

function skopeo(...args: readonly string[]): string {
  const { status, stdout, stderr } = spawnSync("skopeo", ["--insecure-policy", ...args], {
    encoding: "utf8",
  });
  expect(status, stderr).toBe(0);
  return stdout;
}

describe("writeLayout()", () => {
  it.each(formats)("writes a %s that is read back with all blobs", async (format) => {
    await write(at("out"), format);
    const blobs = await emptyBlobs();
    expect(await readLayout(blobs, at("out"))).toMatchObject([
      { manifest: oci.manifest, reference: "example.test/app:1" },
    ]);
    const parts = [oci.manifest, oci.config, ...oci.layers];
    for (const { digest, size } of parts) expect(await blobs.stat(digest)).toBe(size);
    expect(await blobs.list()).toHaveLength(parts.length);
  });

  it.each(formats)("makes the directory that a %s is to be in", async (format) => {
    await write(at("new/deep/out"), format);
    expect(existsSync(at("new/deep/out"))).toBe(true);
    expect(await readdir(at("new/deep"))).toEqual(["out"]);
  });

  it("writes the same archive again", async () => {
    await write(at("one.tar"));
    await write(at("two.tar"));
    const first = await readFile(at("one.tar"));
    expect(first.equals(await readFile(at("two.tar")))).toBe(true);
  });

  it("refuses a directory that has something in it", async () => {
    await mkdir(at("out"));
    await writeFile(at("out/mine"), "");
    await expect(write(at("out"), "directory")).rejects.toThrow(/\[OUTPUT_EXISTS\].*out/);
    expect(await readdir(at("out"))).toEqual(["mine"]);
  });

  it.each(formats)("leaves nothing of a %s whose blobs are missing", async (format) => {
    await fixture.store.blobs.remove(oci.layers[1]?.digest ?? "");
    await expect(write(at("out"), format)).rejects.toThrow(
      `[BLOB_NOT_FOUND] Cannot write the layout: blob ${oci.layers[1]?.digest}`,
    );
    expect((await readdir(fixture.root)).toSorted()).toEqual(["context", "store"]);
  });

  const copies = formats.flatMap((format) =>
    ["docker-archive:", "oci-archive:", "dir:"].map((to) => [format, to] as const),
  );
  it.skipIf(!hasSkopeo).each(copies)(
    "writes a %s that skopeo copies to %s (skipped without skopeo)",
    async (format, to) => {
      await write(at("out"), format);
      const from = `${format === "archive" ? "oci-archive" : "oci"}:${at("out")}:example.test/app:1`;
      skopeo("copy", "-q", from, `${to}${at("copy")}${to === "dir:" ? "" : ":app:1"}`);
      expect(existsSync(at("copy"))).toBe(true);
      expect(JSON.parse(skopeo("inspect", from))).toMatchObject({
        Digest: oci.manifest.digest,
        Architecture: "amd64",
        Layers: oci.layers.map(({ digest }) => digest),
        Env: [expect.stringMatching("PATH="), "X=1"],
      });
    },
  );
});

describe("readLayout()", () => {
  const written = ["oci:", "oci-archive:", "docker-archive:"];
  it.skipIf(!hasSkopeo).each(written)(
    "reads what skopeo wrote as %s (skipped without skopeo)",
    async (to) => {
      await write(at("out"), "directory");
      skopeo("copy", "-q", `oci:${at("out")}`, `${to}${at("copy")}:example.test/app:2`);
      await using other = await createBuildFixture();
      const [entry] = await readLayout(other.store.blobs, at("copy"));
      expect(entry?.reference).toBe("example.test/app:2");
      const back = await importImage(other.store, entry?.manifest.digest ?? "", { tag: "back" });
      expect(back.config).toEqual(image.config);
      expect(await filesOf(back)).toEqual(await filesOf(image));
    },
  );

  it("reads a docker archive with linked layers, compressed too", async () => {
    const layer = tarOf({ name: "f", text: "f" });
    const config = JSON.stringify({ os: "linux", architecture: "amd64", rootfs: { diff_ids: [] } });
    const manifest = [
      { Config: "c.json", RepoTags: ["a:1", "a:2"], Layers: ["x/layer.tar", "y/layer.tar"] },
    ];
    const bytes = tarOf(
      { name: "y/layer.tar", kind: "symlink", linkName: "../x/layer.tar" },
      { name: "x/VERSION", text: "1.0" },
      { name: "x/layer.tar", sizeBytes: layer.length, text: layer.toString("latin1") },
      { name: "c.json", text: config },
      { name: "manifest.json", text: JSON.stringify(manifest) },
    );
    await writeFile(at("d.tar.gz"), gzipSync(bytes));
    const blobs = await emptyBlobs();
    const entries = await readLayout(blobs, at("d.tar.gz"));
    expect(entries.map(({ reference }) => reference)).toEqual(["a:1", "a:2"]);
    expect(await blobs.list()).toHaveLength(3);
  });

  const digest = `sha256:${"0".repeat(64)}`;
  const layoutFile = { name: "oci-layout", text: '{"imageLayoutVersion":"1.0.0"}' };
  const index = (...manifests: readonly unknown[]): TestEntry => ({
    name: "index.json",
    text: JSON.stringify({ schemaVersion: 2, manifests }),
  });
  const refused: readonly (readonly [string, readonly TestEntry[], RegExp])[] = [
    ["other files", [{ name: "hello.txt", text: "x" }], /ARCHIVE_INVALID.*neither oci-layout nor/],
    ["a name with ..", [{ name: "../x.json", text: "{}" }], /ARCHIVE_UNSAFE.*leads upwards/],
    ["an absolute name", [{ name: "/x.json", text: "{}" }], /ARCHIVE_UNSAFE.*absolute/],
    ["a device", [{ name: "x", kind: "block-device" }], /ARCHIVE_UNSAFE.*block-device/],
    [
      "a blob that is another",
      [{ name: `blobs/sha256/${"0".repeat(64)}`, text: "x" }],
      /DIGEST_MISMATCH.*0000/,
    ],
    [
      "a missing manifest",
      [layoutFile, index({ mediaType: "m", digest, size: 3 })],
      /BLOB_NOT_FOUND.*0000/,
    ],
    ["a broken index", [layoutFile, { name: "index.json", text: "[" }], /MANIFEST_INVALID/],
    [
      "a docker archive without its config",
      [{ name: "manifest.json", text: '[{"Config":"c.json","Layers":[]}]' }],
      /BLOB_NOT_FOUND.*"c.json"/,
    ],
    [
      "a docker archive whose layer leads out",
      [
        { name: "c.json", text: "{}" },
        { name: "l.tar", kind: "symlink", linkName: "../../../etc/passwd" },
        { name: "manifest.json", text: '[{"Config":"c.json","Layers":["l.tar"]}]' },
      ],
      /BLOB_NOT_FOUND.*"l.tar"/,
    ],
    ["a docker archive that lists nothing", [{ name: "manifest.json", text: "{}" }], /no list/],
  ];
  it.each(refused)("refuses an archive with %s", async (_, entries, text) => {
    const path = await archive(...entries);
    const before = (await readdir(fixture.root)).toSorted();
    await expect(readLayout(await emptyBlobs(), path)).rejects.toThrow(text);
    expect((await readdir(fixture.root)).toSorted()).toEqual([...before, "other"].toSorted());
    expect(await readdir(at("other/blobs/drafts"))).toEqual([]);
  });

  it("refuses an archive that is cut, and leaves no draft", async () => {
    await write(at("out.tar"));
    const whole = await readFile(at("out.tar"));
    const blobs = await emptyBlobs();
    await writeFile(at("cut.tar"), whole.subarray(0, whole.length - 1600));
    await expect(readLayout(blobs, at("cut.tar"))).rejects.toThrow("[ARCHIVE_INVALID]");
    expect(await readdir(at("other/blobs/drafts"))).toEqual([]);
  });

  it("stops at the limits", async () => {
    await write(at("out.tar"));
    const limits = { unpackedBytes: 2 ** 20, entries: 4, ratio: 100 };
    await expect(readLayout(await emptyBlobs(), at("out.tar"), limits)).rejects.toThrow(
      /\[ARCHIVE_TOO_LARGE\].*more than 4 entries/,
    );
  });

  it("refuses a directory that is no layout, or has a part missing or damaged", async () => {
    const blobs = await emptyBlobs();
    await expect(readLayout(blobs, at("nothing"))).rejects.toThrow("[ARCHIVE_INVALID]");
    await expect(readLayout(blobs, at("context"))).rejects.toThrow(/oci-layout is missing/);
    await write(at("out"), "directory");
    const blob = at(`out/blobs/sha256/${oci.layers[0]?.digest.slice(7)}`);
    await copyFile(blob, at("kept"));
    await writeFile(blob, "damaged");
    await expect(readLayout(blobs, at("out"))).rejects.toThrow("[DIGEST_MISMATCH]");
    await rm(blob);
    await expect(readLayout(blobs, at("out"))).rejects.toThrow(
      `[BLOB_NOT_FOUND] Cannot read the layout: it names blob ${oci.layers[0]?.digest}`,
    );
    await copyFile(at("kept"), blob);
    expect(await readLayout(blobs, at("out"))).toHaveLength(1);
  });
});
