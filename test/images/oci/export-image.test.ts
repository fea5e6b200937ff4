import { rm, utimes } from "node:fs/promises";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, it } from "vitest";

import type { Image } from "../../../src/images/image-store.ts";
import type { OciImage } from "../../../src/images/oci/descriptor.ts";
import { exportImage } from "../../../src/images/oci/export-image.ts";
import { importImage } from "../../../src/images/oci/import-image.ts";
import { readDocument } from "../../../src/images/oci/read-document.ts";
import { readSourceDateEpoch } from "../../../src/images/oci/source-date-epoch.ts";
import { createBuildFixture, filesOf, type BuildFixture } from "../build-fixture.ts";
import { listTree, writeJson } from "./oci-fixture.ts";

const gzip = { compression: "gzip" } as const;
const amd64 = { os: "linux", architecture: "amd64" };
const dockerfile = `FROM scratch
COPY app /app
ENV NODE_ENV=production GREETING="hello there"
WORKDIR /app/data
EXPOSE 8080
USER 1000:1000
LABEL org.example.name=app
STOPSIGNAL SIGINT
SHELL ["/bin/bash", "-c"]
VOLUME /data
HEALTHCHECK CMD ["/app/ok"]
ENTRYPOINT ["/app/run"]
CMD ["--port", "8080"]
COPY late.txt /
`;

let fixture: BuildFixture;
beforeEach(async () => {
  fixture = await createBuildFixture();
  await fixture.context({
    "app/run": "#!/bin/sh\n",
    "app/lib/a.js": "a",
    "app/link": "-> lib/a.js",
    "late.txt": "late",
  });
});
afterEach(() => fixture[Symbol.asyncDispose]());

// oxlint-disable-next-line no-explicit-any -- a test says of it what it has to be
async function readJson(oci: OciImage, part: "manifest" | "config", from = fixture): Promise<any> {
  return JSON.parse(await readDocument(from.store.blobs, oci[part].digest));
}

/** Takes an image to a second store, as a registry would. */
async function carry(oci: OciImage, to: BuildFixture): Promise<void> {
  for (const { digest, size } of [oci.manifest, oci.config, ...oci.layers]) {
    await to.store.blobs.write(await fixture.store.blobs.open(digest), { digest, sizeBytes: size });
  }
}

function treesOf(image: Image): readonly unknown[] {
  return image.layers.map((layer) => listTree(layer));
}

describe("exportImage()", () => {
  it("writes a manifest and a config as the image specification says", async () => {
    const image = await fixture.build(dockerfile);
    const oci = await exportImage(fixture.store, image, { ...gzip, platform: amd64 });
    expect(await readJson(oci, "manifest")).toEqual({
      schemaVersion: 2,
      mediaType: "application/vnd.oci.image.manifest.v1+json",
      config: { ...oci.config, mediaType: "application/vnd.oci.image.config.v1+json" },
      layers: oci.layers,
    });
    expect(oci.layers.map(({ mediaType }) => mediaType)).toEqual(
      image.layers.map(() => "application/vnd.oci.image.layer.v1.tar+gzip"),
    );
    const config = await readJson(oci, "config");
    expect(config).toMatchObject({
      created: "1970-01-01T00:00:00Z",
      ...amd64,
      config: {
        Env: [expect.stringMatching(/^PATH=/), "NODE_ENV=production", "GREETING=hello there"],
        Entrypoint: ["/app/run"],
        Cmd: ["--port", "8080"],
        WorkingDir: "/app/data",
        User: "1000:1000",
        ExposedPorts: { "8080/tcp": {} },
        Labels: { "org.example.name": "app" },
        StopSignal: "SIGINT",
        Shell: ["/bin/bash", "-c"],
        Volumes: { "/data": {} },
        Healthcheck: { Test: ["CMD", "/app/ok"] },
      },
    });
    expect(config.rootfs.diff_ids).toHaveLength(image.layers.length);
    expect(config.history.map((entry: { created_by: string }) => entry.created_by)).toEqual([
      "COPY app /app",
      "WORKDIR /app/data",
      "COPY late.txt /",
    ]);
  });

  it("gives the same digests in another store, from files of other times", async () => {
    const first = await exportImage(fixture.store, await fixture.build(dockerfile), gzip);
    await using other = await createBuildFixture();
    await other.context({
      "late.txt": "late",
      "app/link": "-> lib/a.js",
      "app/lib/a.js": "a",
      "app/run": "#!/bin/sh\n",
    });
    for (const name of ["late.txt", "app/run", "app"]) {
      await utimes(join(other.contextDir, name), 1_000_000_000, 1_000_000_000);
    }
    const image = await other.build(dockerfile, { tag: "other:2" });
    expect(await exportImage(other.store, image, gzip)).toEqual(first);
  });

  it("takes the latest time from the options", async () => {
    const image = await fixture.build(dockerfile);
    const epoch = await exportImage(fixture.store, image, { ...gzip, epochSeconds: 86_400 });
    expect((await readJson(epoch, "config")).created).toBe("1970-01-02T00:00:00Z");
    const zero = await exportImage(fixture.store, image, gzip);
    expect(epoch.layers[0]?.digest).not.toBe(zero.layers[0]?.digest);
  });

  it("refuses an image that lies over the host's files, and says what to do", async () => {
    const image = await fixture.build("FROM node\nCOPY late.txt /");
    await expect(exportImage(fixture.store, image, gzip)).rejects.toThrow(
      /\[HOST_BASED\] Cannot export image test:1.*build FROM scratch/,
    );
  });

  it("refuses an image whose layer is gone", async () => {
    const image = await fixture.build(dockerfile);
    await rm(join(image.layers[0] ?? "", ".."), { recursive: true });
    await expect(exportImage(fixture.store, image, gzip)).rejects.toThrow("[BLOB_NOT_FOUND]");
  });

  it("tells how far each layer is", async () => {
    const told: unknown[] = [];
    const image = await fixture.build(dockerfile);
    await exportImage(fixture.store, image, { ...gzip, onProgress: (step) => told.push(step) });
    const layer = fixture.store.layers.nameOf(image.layers[0] ?? "");
    expect(told).toContainEqual({ layer, doneBytes: expect.any(Number), totalBytes: 11 });
  });

  it("comes back as the same image, and then keeps its manifest", async () => {
    const image = await fixture.build(dockerfile);
    const oci = await exportImage(fixture.store, image, { ...gzip, platform: amd64 });
    await using other = await createBuildFixture();
    await carry(oci, other);
    const back = await importImage(other.store, oci.manifest.digest, { tag: "back:1" });
    expect(back).toMatchObject({ tags: ["back:1"], base: "none", config: image.config });
    expect(treesOf(back)).toEqual(treesOf(image));
    expect(await filesOf(back)).toEqual(await filesOf(image));
    expect(await exportImage(other.store, back, { compression: "none" })).toEqual(oci);
  });

  it("keeps blobs, history and unknown fields of the image that another stands on", async () => {
    const oci = await exportImage(fixture.store, await fixture.build(dockerfile), gzip);
    const config = await readJson(oci, "config");
    const { blobs } = fixture.store;
    const history = [
      ...config.history.map((_: unknown, index: number) => ({ created_by: `step ${index}` })),
      { created_by: "CMD", empty_layer: true },
    ];
    const changed = await writeJson(blobs, oci.config.mediaType, {
      ...config,
      ...amd64,
      author: "someone",
      history,
      config: {
        ...config.config,
        Volumes: { "/data": {} },
        OnBuild: ["RUN x"],
        ExposedPorts: { "8080/tcp": {}, "53/udp": {} },
      },
    });
    const manifest = await readJson(oci, "manifest");
    const base = await writeJson(blobs, oci.manifest.mediaType, { ...manifest, config: changed });
    await importImage(fixture.store, base.digest, { tag: "base:1" });
    const image = await fixture.build("FROM base:1\nCOPY late.txt /own\nEXPOSE 9090");
    const result = await exportImage(fixture.store, image, { compression: "none" });
    expect(result.layers.slice(0, -1)).toEqual(oci.layers);
    expect(result.layers.at(-1)?.mediaType).toBe("application/vnd.oci.image.layer.v1.tar");
    const json = await readJson(result, "config");
    expect(json).toMatchObject({ author: "someone", config: { Volumes: { "/data": {} } } });
    expect(json.config.ExposedPorts).toEqual({ "8080/tcp": {}, "9090/tcp": {}, "53/udp": {} });
    expect(json.config.OnBuild).toBeUndefined();
    expect(json.history.slice(0, -1)).toEqual(history);
    expect(json.history.at(-1)).toMatchObject({ created_by: "COPY late.txt /own" });
    expect(json.rootfs.diff_ids.slice(0, -1)).toEqual(config.rootfs.diff_ids);
  });
});

describe("readSourceDateEpoch()", () => {
  it.each([
    [undefined, 0],
    ["", 0],
    ["1700000000", 1_700_000_000],
  ])("reads %s as %i", (text, seconds) => {
    expect(readSourceDateEpoch({ SOURCE_DATE_EPOCH: text })).toBe(seconds);
  });

  it("refuses what is no number", () => {
    expect(() => readSourceDateEpoch({ SOURCE_DATE_EPOCH: "today" })).toThrow(
      /\[IMAGE_UNFIT\].*"today"/,
    );
  });
});
