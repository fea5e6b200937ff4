import { existsSync } from "node:fs";
import { mkdtemp, readdir, rm, utimes, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, it } from "vitest";

import { emptyConfig } from "../../src/images/image-record.ts";
import { openImageStore, type BuildStore, type Image } from "../../src/images/image-store.ts";

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
    const reopened = await openImageStore(directory);
    const tags = (await reopened.list()).flatMap((image) => image.tags);
    expect(tags.toSorted()).toEqual(["moved:latest", "used:latest"]);
    expect((await readdir(join(directory, "layers"))).toSorted()).toEqual(["fresh", "used1"]);
  });
});
