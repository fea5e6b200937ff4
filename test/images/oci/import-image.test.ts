import { readdir, writeFile } from "node:fs/promises";
import { gzipSync } from "node:zlib";
import { afterEach, beforeEach, describe, expect, it } from "vitest";

import { RootTree } from "../../../src/images/layer/root-tree.ts";
import type { Image } from "../../../src/images/image-store.ts";
import type { Descriptor } from "../../../src/images/oci/descriptor.ts";
import { importImage, type ImportOptions } from "../../../src/images/oci/import-image.ts";
import { mediaTypes } from "../../../src/images/oci/media-types.ts";
import { createBuildFixture, type BuildFixture } from "../build-fixture.ts";
import { digestOf, listTree, tarOf, writeJson, type TestEntry } from "./oci-fixture.ts";

let fixture: BuildFixture;
beforeEach(async () => {
  fixture = await createBuildFixture();
});
afterEach(() => fixture[Symbol.asyncDispose]());

const lower = [
  { name: "etc/", kind: "directory", mode: 0o755 },
  { name: "etc/old", text: "old" },
  { name: "etc/kept", text: "kept" },
  { name: "data/", kind: "directory", mode: 0o755 },
  { name: "data/hidden", text: "hidden" },
] as const;
const upper = [
  { name: "etc/.wh.old" },
  { name: "data/", kind: "directory", mode: 0o700 },
  { name: "data/.wh..wh..opq" },
  { name: "data/shown", text: "shown" },
] as const;

/** What of an image of a test differs from a plain one. */
interface ImageChange {
  readonly config?: Readonly<Record<string, unknown>>;
  readonly document?: Readonly<Record<string, unknown>>;
  readonly manifest?: Readonly<Record<string, unknown>>;
}

/** Stores an image of layers; @returns its manifest */
async function store(
  layers: readonly (readonly TestEntry[])[],
  { config = {}, document = {}, manifest = {} }: ImageChange = {},
): Promise<Descriptor> {
  const { blobs } = fixture.store;
  const tars = layers.map((entries) => tarOf(...entries));
  const descriptors: Descriptor[] = [];
  for (const tar of tars) {
    const { digest, sizeBytes } = await blobs.write(gzipSync(tar));
    descriptors.push({ mediaType: mediaTypes.layerGzip, digest, size: sizeBytes });
  }
  const json = await writeJson(blobs, mediaTypes.config, {
    ...{ os: "linux", architecture: "amd64", config },
    rootfs: { type: "layers", diff_ids: tars.map(digestOf) },
    ...document,
  });
  const body = {
    schemaVersion: 2,
    mediaType: mediaTypes.manifest,
    config: json,
    layers: descriptors,
  };
  return writeJson(blobs, mediaTypes.manifest, { ...body, ...manifest });
}

function load({ digest }: Descriptor, options: ImportOptions = {}): Promise<Image> {
  return importImage(fixture.store, digest, options);
}

describe("importImage()", () => {
  it("reads the config, whatever is missing in it", async () => {
    const full = await load(
      await store([lower], {
        config: {
          Env: ["A=1", "B=x=y", "C"],
          Entrypoint: ["/e"],
          Cmd: null,
          WorkingDir: "/w",
          User: "app",
          ExposedPorts: { "80/tcp": {}, "53/udp": {}, "9000": {} },
          Labels: { a: "b" },
          StopSignal: "SIGQUIT",
        },
      }),
    );
    expect(full.config).toEqual({
      env: { A: "1", B: "x=y", C: "" },
      entrypoint: ["/e"],
      cmd: [],
      workingDir: "/w",
      user: "app",
      exposedPorts: [9000, 80],
      labels: { a: "b" },
      stopSignal: "SIGQUIT",
    });
    const empty = await load(await store([lower], { document: { config: null } }));
    expect(empty.config).toEqual({
      ...{ env: {}, entrypoint: [], cmd: [], workingDir: "/", exposedPorts: [], labels: {} },
    });
  });

  it("hides what upper layers delete, from a build's view", async () => {
    const image = await load(await store([lower, upper]));
    const layers = await Promise.all(
      image.layers.map((path) => fixture.store.layers.get(fixture.store.layers.nameOf(path))),
    );
    const tree = new RootTree(
      layers.filter((layer) => layer !== undefined),
      "none",
    );
    expect(await tree.list("/etc")).toEqual(["kept"]);
    expect(await tree.list("/data")).toEqual(["shown"]);
    expect(await tree.lookup("/data/hidden")).toBeUndefined();
  });

  it("shares layers between images, and takes a layer that comes twice once", async () => {
    const first = await load(await store([lower, upper]));
    const second = await load(await store([lower, [{ name: "x" }], lower]));
    expect(second.layers[1]).toBe(first.layers[0]);
    expect(second.layers).toHaveLength(2);
    const names = await readdir(`${fixture.root}/store/layers`);
    expect(names.toSorted()).toEqual(
      [lower, upper, [{ name: "x" }]]
        .map((entries) => digestOf(tarOf(...entries)).slice(7))
        .toSorted(),
    );
  });

  it("tells what is not kept", async () => {
    const notes: string[] = [];
    const attributes = { "security.capability": "x" };
    await load(await store([[{ name: "ping", attributes }]]), {
      onNote: (text) => notes.push(text),
    });
    expect(notes).toEqual(["extended attributes are not kept, as of ping"]);
  });

  it("picks the platform from an index, and lists what there is", async () => {
    const amd = await store([lower]);
    const arm = await store([upper], { document: { architecture: "arm64", variant: "v8" } });
    const index = await writeJson(fixture.store.blobs, mediaTypes.index, {
      schemaVersion: 2,
      manifests: [
        { ...amd, platform: { os: "unknown", architecture: "unknown" } },
        { ...arm, platform: { os: "linux", architecture: "arm64", variant: "v8" } },
        { ...amd, platform: { os: "linux", architecture: "amd64" } },
      ],
    });
    expect((await load(index)).origin).toMatchObject({ manifestDigest: amd.digest });
    const arm64 = { os: "linux", architecture: "arm64" };
    expect((await load(index, { platform: arm64 })).origin?.manifestDigest).toBe(arm.digest);
    await expect(load(index, { platform: { os: "linux", architecture: "s390x" } })).rejects.toThrow(
      /\[PLATFORM_MISSING\].*for linux\/s390x: there is linux\/arm64\/v8, linux\/amd64;/,
    );
    await expect(load(arm)).rejects.toThrow(/\[PLATFORM_MISSING\].*there is linux\/arm64\/v8/);
  });

  it("takes the only manifest of an index that names no platform, in an index too", async () => {
    const { blobs } = fixture.store;
    const manifest = await store([lower]);
    const wrap = (child: Descriptor): Promise<Descriptor> =>
      writeJson(blobs, mediaTypes.index, {
        ...{ schemaVersion: 2, mediaType: mediaTypes.dockerIndex, manifests: [child] },
      });
    const inner = await wrap(manifest);
    expect((await load(await wrap(inner))).origin?.manifestDigest).toBe(manifest.digest);
    await expect(load(await wrap(await wrap(inner)))).rejects.toThrow(/index within an index/);
  });

  const refused: readonly (readonly [string, ImageChange, RegExp])[] = [
    ["schema 1", { manifest: { schemaVersion: 1 } }, /Docker's schema 1; push it again/],
    ["a foreign type", { manifest: { mediaType: "text/plain" } }, /its type is "text\/plain"/],
    ["no config", { manifest: { config: 7 } }, /config has no type, sha256 digest and size/],
    ["no layers", { manifest: { layers: undefined } }, /it has no layers/],
    [
      "a bad digest",
      { manifest: { layers: [{ digest: "x" }] } },
      /layers\[0\] has no type, sha256 digest and size/,
    ],
    ["other counts", { document: { rootfs: { diff_ids: [] } } }, /1 layers, but 0/],
    ["bad diff ids", { document: { rootfs: { diff_ids: ["../x"] } } }, /no digests/],
    ["a bad config", { config: { Cmd: "sh" } }, /config.Cmd is no list of texts/],
  ];
  it.each(refused)("refuses a manifest of %s", async (_, change, text) => {
    const loading = load(await store([lower], change));
    await expect(loading).rejects.toThrow("[MANIFEST_INVALID]");
    await expect(loading).rejects.toThrow(text);
  });

  it("refuses an artifact that is no image", async () => {
    const { blobs } = fixture.store;
    const config = await writeJson(blobs, "application/vnd.example+json", {});
    const manifest = await store([lower], { manifest: { config } });
    await expect(load(manifest)).rejects.toThrow(/\[MANIFEST_INVALID\].*vnd.example\+json/);
  });

  it("leaves nothing of a layer that is not what its config says", async () => {
    const rootfs = { type: "layers", diff_ids: [digestOf(Buffer.from("else"))] };
    const manifest = await store([lower], { document: { rootfs } });
    await expect(load(manifest)).rejects.toThrow(/\[DIGEST_MISMATCH\].*its config says/);
    expect(await readdir(`${fixture.root}/store/drafts`)).toEqual([]);
    expect(await readdir(`${fixture.root}/store/layers`)).toEqual([]);
    expect(await fixture.store.list()).toEqual([]);
  });

  it("throws a blob away that was damaged on the disk, so that it is fetched again", async () => {
    const { blobs } = fixture.store;
    const manifest = await store([lower]);
    const packed = gzipSync(tarOf(...lower));
    const digest = digestOf(packed);
    await writeFile(blobs.pathOf(digest), gzipSync(tarOf(...upper)));
    await expect(load(manifest)).rejects.toThrow(`[DIGEST_MISMATCH] Cannot unpack layer ${digest}`);
    await expect(load(manifest)).rejects.toThrow(`[BLOB_NOT_FOUND] Cannot read blob ${digest}`);
    await blobs.write(packed);
    const image = await load(manifest);
    expect(listTree(image.layers[0] ?? "")).toHaveProperty("etc/old", "644 old");
    await writeFile(blobs.pathOf(manifest.digest), "{}");
    await expect(load(manifest)).rejects.toThrow(/\[DIGEST_MISMATCH\].*its file has changed/);
  });
});
