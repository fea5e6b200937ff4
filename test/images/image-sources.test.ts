import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from "vitest";
import { join } from "node:path";

import { createImageSources } from "../../src/images/image-sources.ts";
import type { Image } from "../../src/images/image-store.ts";
import type { OciImage } from "../../src/images/oci/descriptor.ts";
import { exportImage } from "../../src/images/oci/export-image.ts";
import { hostPlatform } from "../../src/images/oci/platform.ts";
import { writeLayout } from "../../src/images/oci/write-layout.ts";
import { openRegistry } from "../../src/images/registry/open-registry.ts";
import { pushImage } from "../../src/images/registry/push-image.ts";
import { createImageResolver } from "../../src/images/resolve-image.ts";
import { createBuildFixture, filesOf, type BuildFixture } from "./build-fixture.ts";
import { hasRegistry, startRealRegistry, type RealRegistry } from "./registry/docker-registry.ts";

const registry = openRegistry({
  credentials: () => Promise.resolve(undefined),
  userAgent: "berth-test",
  retry: { attempts: 1 },
});
/** Makes images; the other builds on them. */
let maker: BuildFixture;
let fixture: BuildFixture;
beforeEach(async () => {
  maker = await createBuildFixture();
  fixture = await createBuildFixture();
  await maker.context({ base: "base", gone: "gone" });
  await fixture.context({ f: "f" });
});
afterEach(async () => {
  await maker[Symbol.asyncDispose]();
  await fixture[Symbol.asyncDispose]();
});
afterAll(() => registry.close());

async function makeBase(label = "one"): Promise<OciImage> {
  const image = await maker.buildStrictly(
    `FROM scratch\nCOPY base gone /d/\nENV MADE=${label}\nUSER 5\nCMD ["x"]`,
  );
  return exportImage(maker.store, image, { compression: "gzip" });
}

/** Writes an image as v1 into the context of the other. */
async function writeBase({ manifest }: OciImage, name: string): Promise<void> {
  const format = name.endsWith(".tar") ? "archive" : "directory";
  const path = join(fixture.contextDir, name);
  await writeLayout(maker.store.blobs, [{ manifest, reference: "v1" }], { path, format });
}

function build(dockerfile: string): Promise<Image> {
  const { store, contextDir } = fixture;
  const sources = createImageSources({ store, registry });
  const resolveImage = createImageResolver({ store, contextDir, ...sources });
  return fixture.buildStrictly(dockerfile, { resolveImage });
}

describe("a layout as base", () => {
  it.each(["oci:image", "oci:image:v1", "oci-archive:image.tar", "oci-archive:image.tar:v1"])(
    "is found by FROM %s",
    async (from) => {
      const image = await makeBase();
      await writeBase(image, from.includes("archive") ? "image.tar" : "image");
      const built = await build(`FROM ${from}\nCOPY f /`);
      expect(await filesOf(built)).toEqual({ "/d/base": "base", "/d/gone": "gone", "/f": "f" });
      expect(built.config).toMatchObject({ env: { MADE: "one" }, user: "5", cmd: ["x"] });
    },
  );

  it("refuses a name that it does not have, by line and with those it has", async () => {
    const image = await makeBase();
    await writeBase(image, "image");
    await expect(build("FROM oci:image:v2")).rejects.toThrow(
      /\[NO_SUCH_IMAGE\] Cannot build line 1: FROM oci:image:v2; Cannot find v2 in .*: it has v1/,
    );
  });

  it("gives the same layers and config as the same files built twice", async () => {
    const image = await makeBase();
    await writeBase(image, "image");
    const dockerfile = "FROM oci:image\nCOPY f /";
    const built = await build(dockerfile);
    const first = await exportImage(fixture.store, built, { compression: "gzip" });
    const again = await exportImage(fixture.store, await build(dockerfile), {
      compression: "gzip",
    });
    expect(again).toEqual(first);
    expect(first.layers[0]).toEqual(image.layers[0]);
  });
});

describe.skipIf(!hasRegistry)("a registry (skipped where docker-registry is missing)", () => {
  let real: RealRegistry;
  beforeAll(async () => {
    real = await startRealRegistry();
  });
  afterAll(() => real[Symbol.asyncDispose]());

  it("is asked for what is not here, once, and its image is here then", async () => {
    const reference = `${real.host}/app:1`;
    await pushImage({ registry, blobs: maker.store.blobs, image: await makeBase(), reference });
    const built = await build(`FROM ${reference}\nCOPY f /`);
    expect(await filesOf(built)).toEqual({ "/d/base": "base", "/d/gone": "gone", "/f": "f" });
    expect(built.platform).toEqual(hostPlatform);
    expect((await fixture.store.get(reference))?.config.env).toEqual(built.config.env);
    const copied = await build(`FROM scratch\nCOPY --from=${reference} /d/base /x`);
    expect(await filesOf(copied)).toEqual({ "/x": "base" });
  });

  it("is asked once by all who ask at a time, and again after it said no", async () => {
    const { store } = fixture;
    const pull = createImageSources({ store, registry }).pull ?? missing;
    const reference = `${real.host}/later:1`;
    await expect(pull(reference, hostPlatform)).rejects.toThrow("NO_SUCH_IMAGE");
    await pushImage({ registry, blobs: maker.store.blobs, image: await makeBase(), reference });
    const both = await Promise.all([pull(reference, hostPlatform), pull(reference, hostPlatform)]);
    expect(both[0]).toBe(both[1]);
    expect(both[0]?.tags).toEqual([reference]);
  });
});

describe("a registry that does not answer", () => {
  it("is not asked again at once", async () => {
    const pull = createImageSources({ store: fixture.store, registry }).pull ?? missing;
    const errorOf = (name: string): Promise<unknown> =>
      pull(`127.0.0.1:1/${name}`, hostPlatform).catch((error: unknown) => error);
    const first = await errorOf("a");
    expect(String(first)).toContain("REGISTRY_UNREACHABLE");
    expect(await errorOf("b")).toBe(first);
  });
});

const missing = (): Promise<never> => Promise.reject(new Error("there is no way to pull"));
