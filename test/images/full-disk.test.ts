import { mkdir, readdir, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { gzipSync } from "node:zlib";
import { afterEach, beforeEach, describe, expect, it } from "vitest";

import { openImageStore, type BuildStore } from "../../src/images/image-store.ts";
import type { Descriptor } from "../../src/images/oci/descriptor.ts";
import { exportImage } from "../../src/images/oci/export-image.ts";
import { importImage } from "../../src/images/oci/import-image.ts";
import { mediaTypes } from "../../src/images/oci/media-types.ts";
import { writeLayout } from "../../src/images/oci/write-layout.ts";
import { createBuildFixture, type BuildFixture } from "./build-fixture.ts";
import { digestOf, isRoot, tarOf, writeJson } from "./oci/oci-fixture.ts";
import { SmallDisk } from "./small-disk.ts";

const LARGE_BYTES = 3_000_000;

describe.skipIf(!isRoot)("a full disk (skipped without root, which mounts one)", () => {
  let disk: SmallDisk;
  let store: BuildStore;
  let fixture: BuildFixture;
  beforeEach(async () => {
    disk = await SmallDisk.mount(1_000_000);
    store = await openImageStore(join(disk.path, "store"));
    fixture = await createBuildFixture();
    await fixture.context({ large: Buffer.alloc(LARGE_BYTES, "x").toString(), small: "s" });
  });
  afterEach(async () => {
    await disk[Symbol.asyncDispose]();
    await fixture[Symbol.asyncDispose]();
  });

  /** What a store holds besides blobs. */
  async function contents(): Promise<readonly string[]> {
    const folders = ["drafts", "layers", "images", "tags", "busy", "blobs/drafts"];
    const names = folders.map((folder) => readdir(join(disk.path, "store", folder)));
    return (await Promise.all(names)).flat();
  }

  /** An image whose layer is far larger than the blob it is packed into. */
  async function storeImage(): Promise<Descriptor> {
    const { blobs } = store;
    const tar = tarOf({ name: "large", text: "x".repeat(LARGE_BYTES) });
    const { digest, sizeBytes } = await blobs.write(gzipSync(tar));
    const rootfs = { type: "layers", diff_ids: [digestOf(tar)] };
    const document = { os: "linux", architecture: "amd64", config: {}, rootfs };
    const config = await writeJson(blobs, mediaTypes.config, document);
    const layers = [{ mediaType: mediaTypes.layerGzip, digest, size: sizeBytes }];
    return writeJson(blobs, mediaTypes.manifest, { schemaVersion: 2, config, layers });
  }

  it("ends the unpacking of a layer by name, and leaves nothing of it", async () => {
    const { digest } = await storeImage();
    await expect(importImage(store, digest, { tag: "app" })).rejects.toThrow(
      `[DISK_FULL] Cannot write to ${disk.path}`,
    );
    expect(await contents()).toEqual([]);
  });

  it.each([
    ["COPY", "COPY large /large"],
    ["COPY after a layer that fits", "COPY small /\nCOPY large /large"],
    ["WORKDIR", "WORKDIR /a"],
  ])("ends a build at %s by name, and leaves nothing half written", async (_what, steps) => {
    if (steps.startsWith("WORKDIR")) await fill();
    const built = fixture.buildStrictly(`FROM scratch\n${steps}`, { store });
    await expect(built).rejects.toThrow(/\[DISK_FULL\].*disk is full/);
    const layers = steps.includes("small") ? 1 : 0;
    expect(await contents()).toHaveLength(layers);
  });

  /** Leaves no room for a file, and hardly any for a directory. */
  async function fill(): Promise<void> {
    await writeFile(join(disk.path, "filler"), Buffer.alloc(2_000_000)).catch(() => undefined);
  }

  it.each(["archive", "directory"] as const)(
    "ends the writing of an %s by name, and leaves nothing of it",
    async (format) => {
      const text = Array.from({ length: LARGE_BYTES / 10 }, (_, index) =>
        digestOf(Buffer.from(String(index))).slice(7, 17),
      ).join("");
      await fixture.context({ large: text });
      const image = await fixture.buildStrictly("FROM scratch\nCOPY large /large");
      const { manifest } = await exportImage(fixture.store, image, { compression: "none" });
      const target = join(disk.path, "out");
      await mkdir(target);
      const written = writeLayout(fixture.store.blobs, [{ manifest }], {
        ...{ path: join(target, "layout"), format },
      });
      await expect(written).rejects.toThrow(`[DISK_FULL] Cannot write to ${target}`);
      expect(await readdir(target)).toEqual([]);
    },
  );
});
