import { spawnSync } from "node:child_process";
import { existsSync } from "node:fs";
import { mkdir, mkdtemp, readdir, rm, utimes, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, it } from "vitest";

import { emptyConfig } from "../../src/images/image-record.ts";
import { openImageStore, type BuildStore, type Image } from "../../src/images/image-store.ts";
import { exportImage } from "../../src/images/oci/export-image.ts";
import { importImage } from "../../src/images/oci/import-image.ts";
import { makeSpecialNodes } from "../../src/images/oci/tar/make-special-nodes.ts";

let directory: string;
let store: BuildStore;
beforeEach(async () => {
  directory = await mkdtemp(join(tmpdir(), "berth-store-"));
  store = await openImageStore(directory);
});
afterEach(() => rm(directory, { recursive: true, force: true }));

async function addLayer(
  name: string,
  text: string,
  kind: "cache" | "unique" = "cache",
): Promise<string> {
  const draft = await store.layers.createDraft();
  await writeFile(join(draft, "file"), text);
  await store.layers.add(name, draft, { kind });
  return name;
}

async function create(tag: string, text = tag, layers: readonly string[] = []): Promise<Image> {
  const config = { ...emptyConfig, cmd: [text] };
  return store.create({ base: "host", layers, config }, tag);
}

async function age(path: string, days: number): Promise<void> {
  const then = new Date(Date.now() - days * 24 * 3_600_000);
  await utimes(path, then, then);
}

describe("openImageStore()", () => {
  it.each([
    ["app", "app:latest"],
    ["app:latest", "app:latest"],
    ["docker.io/library/app", "app:latest"],
    ["localhost:5000/team/app:v1", "localhost:5000/team/app:v1"],
    ["cloudflare-dev/app:1a2b3c4d", "cloudflare-dev/app:1a2b3c4d"],
  ])("finds %s as the tag %s", async (reference, tag) => {
    const image = await create(tag);
    expect(await store.get(reference)).toMatchObject({ id: image.id, tags: [tag] });
  });

  it("finds an image by its id and the beginning of it, and nothing by other names", async () => {
    const image = await create("app");
    expect((await store.get(image.id))?.id).toBe(image.id);
    expect((await store.get(image.id.slice(7, 19)))?.id).toBe(image.id);
    expect(await store.get("other")).toBeUndefined();
    expect(await store.get(`sha256:${"0".repeat(64)}`)).toBeUndefined();
    await expect(store.get("NOT VALID")).rejects.toThrow(/\[BAD_REFERENCE\].*"NOT VALID"/);
  });

  it("gives equal images one id, and moves a tag to the newest", async () => {
    const first = await create("app", "x");
    expect((await create("other", "x")).id).toBe(first.id);
    const second = await create("app", "y");
    expect(second.id).not.toBe(first.id);
    expect((await store.get("app"))?.id).toBe(second.id);
    expect((await store.get(first.id))?.tags).toEqual(["other:latest"]);
  });

  it("takes one tag away, and the image with its last one", async () => {
    const image = await create("a", "x");
    await store.tag(image.id, "b:2");
    expect(await store.remove("a")).toBe(true);
    expect((await store.get("b:2"))?.tags).toEqual(["b:2"]);
    expect(await store.remove("b:2")).toBe(true);
    expect(await store.get(image.id)).toBeUndefined();
    expect(await store.remove("b:2")).toBe(false);
    expect(await store.list()).toEqual([]);
  });

  it("removes an image with all its tags by its id", async () => {
    const image = await create("a", "x");
    await store.tag(image.id, "b");
    expect(await store.remove(image.id)).toBe(true);
    expect(await store.get("a")).toBeUndefined();
    expect(await store.get("b")).toBeUndefined();
  });

  it("refuses to tag what is not there", async () => {
    await expect(store.tag(`sha256:${"0".repeat(64)}`, "x")).rejects.toThrow("[NO_SUCH_IMAGE]");
  });

  it("commits a layer on an image, and gives its space back with it", async () => {
    const parent = await create("app", "x", [await addLayer("aaa", "base")]);
    const draft = await store.layers.createDraft();
    await writeFile(join(draft, "new"), "12345");
    const snapshot = await store.commit(parent, draft, { tag: "snap", config: { user: "5" } });
    expect(snapshot).toMatchObject({
      tags: ["snap:latest"],
      parent: parent.id,
      base: "host",
      sizeBytes: 9,
      config: { cmd: ["x"], user: "5" },
    });
    expect(snapshot.layers).toHaveLength(2);
    expect(existsSync(draft)).toBe(false);
    const layerDir = snapshot.layers[1] ?? "";
    expect(await readdir(layerDir)).toEqual(["new"]);
    await store.remove("snap");
    expect(existsSync(layerDir)).toBe(false);
    expect(existsSync(parent.layers[0] ?? "")).toBe(true);
  });

  it("keeps a committed layer while a later image stands on it", async () => {
    const parent = await create("app");
    const first = await store.commit(parent, await store.layers.createDraft(), { tag: "one" });
    const second = await store.commit(first, await store.layers.createDraft(), { tag: "two" });
    await store.remove("one");
    expect(second.layers.every((layer) => existsSync(layer))).toBe(true);
  });

  it("is whole when it is opened again, by a second process at the same time too", async () => {
    const image = await create("app", "x", [await addLayer("aaa", "1")]);
    const other = await openImageStore(directory);
    expect(await other.get("app")).toEqual(image);
    await other.tag(image.id, "more");
    expect((await store.get("app"))?.tags).toEqual(["app:latest", "more:latest"]);
  });

  it("overlooks a record that was cut short", async () => {
    const image = await create("app");
    await writeFile(join(directory, "images", `${image.id.slice(7)}.json`), '{"id":');
    expect(await store.get("app")).toBeUndefined();
    expect(await store.list()).toEqual([]);
    expect((await create("app")).id).toBe(image.id); // and mends it
  });

  it("knows what lies hidden below a committed layer", async () => {
    const lower = await store.layers.createDraft();
    await mkdir(join(lower, "d"));
    await store.layers.add("low", lower, { kind: "cache" });
    const { id } = await create("app", "x", ["low"]);
    const parent = await store.get(id);
    const draft = await store.layers.createDraft();
    await mkdir(join(draft, "d"));
    await makeSpecialNodes(draft, { whiteouts: [], fifos: new Map(), opaque: ["d"] });
    if (parent === undefined) throw new Error("the image is gone");
    const image = await store.commit(parent, draft, {});
    const name = store.layers.nameOf(image.layers[1] ?? "");
    expect((await store.layers.get(name))?.opaque).toEqual(["d"]);
  });

  it("keeps the layer that came first when two builds make the same", async () => {
    await addLayer("aaa", "first");
    await addLayer("aaa", "second!");
    expect((await store.layers.get("aaa"))?.sizeBytes).toBe(5);
    expect(await readdir(join(directory, "drafts"))).toEqual([]);
  });

  it("drops what was long unused when it is opened, and nothing else", async () => {
    const used = await create("used", "u", [await addLayer("used1", "u")]);
    const old = await create("old", "o", [await addLayer("old1", "o")]);
    const dangling = await create("moved", "m1", [await addLayer("dang1", "d")]);
    await create("moved", "m2");
    await addLayer("fresh", "cache");
    await addLayer("stale", "cache");
    const record = (image: Image): string => join(directory, "images", `${image.id.slice(7)}.json`);
    await age(record(used), 20);
    await age(record(old), 31);
    await age(record(dangling), 8);
    for (const layer of ["used1", "old1", "dang1", "stale"]) {
      await age(join(directory, "layers", layer, "layer.json"), 8);
    }
    await age(join(directory, "collected"), 1);
    const reopened = await openImageStore(directory);
    const tags = (await reopened.list()).flatMap((image) => image.tags);
    expect(tags.toSorted()).toEqual(["moved:latest", "used:latest"]);
    expect((await readdir(join(directory, "layers"))).toSorted()).toEqual(["fresh", "used1"]);
  });

  it("looks for what was long unused once an hour", async () => {
    await addLayer("stale", "cache");
    await age(join(directory, "layers", "stale", "layer.json"), 8);
    await openImageStore(directory);
    expect(await store.layers.get("stale")).toBeDefined();
    await age(join(directory, "layers", "stale", "layer.json"), 8);
    await age(join(directory, "collected"), 1 / 24);
    await openImageStore(directory);
    expect(await store.layers.get("stale")).toBeUndefined();
  });

  it("looks for it when the last time is yet to come", async () => {
    await addLayer("stale", "cache");
    await age(join(directory, "layers", "stale", "layer.json"), 8);
    await age(join(directory, "collected"), -1);
    await openImageStore(directory);
    expect(await store.layers.get("stale")).toBeUndefined();
  });
});

describe("blobs of openImageStore()", () => {
  const gzip = { compression: "gzip" } as const;

  async function createPlain(tag: string, layers: readonly string[]): Promise<Image> {
    return store.create({ base: "none", layers, config: { ...emptyConfig, cmd: [tag] } }, tag);
  }

  async function digests(): Promise<readonly string[]> {
    const names = await readdir(join(directory, "blobs", "sha256"));
    return names.map((name) => `sha256:${name}`);
  }

  it("go with the last image whose layers were packed into them", async () => {
    const shared = await addLayer("shared", "s");
    const one = await createPlain("one", [shared, await addLayer("only1", "1")]);
    await createPlain("two", [shared]);
    const { layers } = await exportImage(store, one, gzip);
    await store.remove("one");
    expect(await digests()).toContain(layers[0]?.digest);
    expect(await digests()).not.toContain(layers[1]?.digest);
    await store.remove("two");
    expect(await digests()).not.toContain(layers[0]?.digest);
  });

  it("of an imported image go with it, with its layers", async () => {
    const built = await createPlain("built", [await addLayer("l", "text")]);
    const platform = { os: "linux", architecture: "amd64" };
    const { manifest, config, layers } = await exportImage(store, built, { ...gzip, platform });
    const imported = await importImage(store, manifest.digest, { tag: "imported" });
    await store.remove("built");
    for (const { digest } of [manifest, config, ...layers]) {
      expect(await store.blobs.stat(digest)).toBeDefined();
    }
    await store.remove("imported");
    expect(await digests()).toEqual([]);
    expect(existsSync(imported.layers[0] ?? "")).toBe(false);
  });

  it("stay while somebody is at work who asked for them, and go without", async () => {
    const layer = await addLayer("l", "text");
    const one = await createPlain("one", [layer]);
    const { manifest, layers } = await exportImage(store, one, gzip);
    const wanted = layers[0]?.digest ?? "";
    const other = await openImageStore(directory);
    const held = await other.hold();
    expect(await other.blobs.stat(wanted)).toBeDefined(); // as a pull or a push does
    await store.remove("one");
    await store.removeUnused({ mode: "remove", unusedForMs: 0 });
    expect(await digests()).toContain(wanted);
    await held[Symbol.asyncDispose]();
    await store.removeUnused({ mode: "remove", unusedForMs: 0 });
    expect(await digests()).not.toContain(manifest.digest);
    expect(await digests()).toEqual([]);
  });

  it("go though a process was killed that was at work", async () => {
    const { digest } = await store.blobs.write(Buffer.from("blob"));
    const killed = spawnSync("true");
    const mark = join(directory, "busy", `${killed.pid}.0`);
    await writeFile(mark, "");
    await age(mark, 1);
    await store.removeUnused({ mode: "remove", unusedForMs: 0 });
    expect(await digests()).not.toContain(digest);
    expect(await readdir(join(directory, "busy"))).toEqual([]);
  });

  it("are dropped when they were long unused, and no image needs them", async () => {
    const image = await createPlain("kept", [await addLayer("l", "text")]);
    const { layers } = await exportImage(store, image, gzip);
    const stray = await store.blobs.write(Buffer.from("stray"));
    const fresh = await store.blobs.write(Buffer.from("fresh"));
    for (const digest of [layers[0]?.digest ?? "", stray.digest]) {
      await age(store.blobs.pathOf(digest), 8);
    }
    await age(join(directory, "collected"), 1);
    await openImageStore(directory);
    expect(await store.blobs.stat(stray.digest)).toBeUndefined();
    expect(await store.blobs.stat(fresh.digest)).toBe(5);
    expect(await store.blobs.stat(layers[0]?.digest ?? "")).toBeDefined();
  });
});

describe("removeUnused()", () => {
  it("leaves what is to be kept, by an image's id, its manifest or a blob", async () => {
    const layers = [await addLayer("kept", "k")];
    const image = await store.create({ base: "none", layers, config: emptyConfig });
    const packed = await exportImage(store, image, { compression: "gzip" });
    const stray = await store.blobs.write(Buffer.from("stray"));
    const remove = { mode: "remove", unusedForMs: 0 } as const;
    const keptDigests = new Set([image.id, packed.manifest.digest]);
    expect(await store.removeUnused({ ...remove, keptDigests })).toEqual([
      { kind: "blob", name: stray.digest, sizeBytes: 5 },
    ]);
    for (const { digest } of [packed.manifest, packed.config, ...packed.layers]) {
      expect(await store.blobs.stat(digest)).toBeDefined();
    }
    expect(await store.get(image.id)).toBeDefined();
  });

  it("lists, and then removes, what no named image needs", async () => {
    await store.create(
      { base: "none", layers: [await addLayer("used", "u")], config: emptyConfig },
      "a",
    );
    const config = { ...emptyConfig, cmd: ["x"] };
    const dangling = await store.create({
      base: "none",
      layers: [await addLayer("dang", "dd")],
      config,
    });
    await addLayer("cache", "ccc");
    const blob = await store.blobs.write(Buffer.from("blob"));
    expect(await store.removeUnused()).toEqual([]); // all is younger than an hour
    const listed = await store.removeUnused({ unusedForMs: 0 });
    expect(listed.toSorted((a, b) => a.sizeBytes - b.sizeBytes)).toEqual([
      { kind: "image", name: dangling.id, sizeBytes: 0 },
      { kind: "layer", name: "dang", sizeBytes: 2 },
      { kind: "layer", name: "cache", sizeBytes: 3 },
      { kind: "blob", name: blob.digest, sizeBytes: 4 },
    ]);
    expect(await store.usage()).toEqual({ layersBytes: 6, blobsBytes: 4 });
    expect(await store.removeUnused({ mode: "remove", unusedForMs: 0 })).toEqual(listed);
    expect(await store.usage()).toEqual({ layersBytes: 1, blobsBytes: 0 });
    expect((await store.list()).map(({ tags }) => tags)).toEqual([["a:latest"]]);
    expect(await store.removeUnused({ mode: "remove", unusedForMs: 0 })).toEqual([]);
  });
});
