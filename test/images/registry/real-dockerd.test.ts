import { spawnSync } from "node:child_process";
import { copyFile, mkdir } from "node:fs/promises";
import { dirname, join } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";

import type { OciImage } from "../../../src/images/oci/descriptor.ts";
import { exportImage } from "../../../src/images/oci/export-image.ts";
import { writeLayout } from "../../../src/images/oci/write-layout.ts";
import { openRegistry } from "../../../src/images/registry/open-registry.ts";
import { pushImage } from "../../../src/images/registry/push-image.ts";
import { createBuildFixture, type BuildFixture } from "../build-fixture.ts";
import { hasRegistry, startRealRegistry, type RealRegistry } from "./docker-registry.ts";
import { hasDockerd, startDockerd, type RealDockerd } from "./real-dockerd.ts";

const isSkipped = !hasDockerd || !hasRegistry;
const ECHO = "/usr/bin/echo";

/** A program of this machine, and what it needs to run. */
function filesOf(program: string): readonly string[] {
  const { stdout } = spawnSync("ldd", [program], { encoding: "utf8" });
  const libraries = [...stdout.matchAll(/(?:=> )?(\/\S+) \(0x/g)].map((match) => match[1] ?? "");
  return [program, ...libraries];
}

const reason = "skipped without root, dockerd and docker-registry";
describe.skipIf(isSkipped)(`a real dockerd (${reason})`, () => {
  let dockerd: RealDockerd;
  let registry: RealRegistry;
  let fixture: BuildFixture;
  let image: OciImage;
  beforeAll(async () => {
    [dockerd, registry, fixture] = await Promise.all([
      startDockerd(),
      startRealRegistry(),
      createBuildFixture(),
    ]);
    for (const path of filesOf(ECHO)) {
      const target = join(fixture.contextDir, "root", path);
      await mkdir(dirname(target), { recursive: true });
      await copyFile(path, target);
    }
    const built = await fixture.buildStrictly(
      `FROM scratch\nCOPY root /\nWORKDIR /data\nVOLUME /data\nENV WHO=berth\nEXPOSE 8080\n` +
        `HEALTHCHECK --interval=30s CMD ["${ECHO}"]\nENTRYPOINT ["${ECHO}", "hello,"]\nCMD ["world"]`,
    );
    image = await exportImage(fixture.store, built, { compression: "gzip" });
  }, 60_000);
  afterAll(async () => {
    await dockerd[Symbol.asyncDispose]();
    await registry[Symbol.asyncDispose]();
    await fixture[Symbol.asyncDispose]();
  }, 60_000);

  async function runs(name: string): Promise<void> {
    const said = await dockerd.docker("run", "--rm", "--network", "none", name);
    expect(said).toBe("hello, world");
    const more = await dockerd.docker("run", "--rm", "--network", "none", name, "moon");
    expect(more).toBe("hello, moon");
    const text = await dockerd.docker("image", "inspect", "--format", "{{json .Config}}", name);
    expect(JSON.parse(text)).toMatchObject({
      Env: expect.arrayContaining(["WHO=berth"]),
      ExposedPorts: { "8080/tcp": {} },
      Healthcheck: { Test: ["CMD", ECHO], Interval: 30_000_000_000 },
      Volumes: { "/data": {} },
      WorkingDir: "/data",
    });
    const steps = await dockerd.docker("history", "--format", "{{.CreatedBy}}", "--no-trunc", name);
    expect(steps.split("\n")).toEqual(["WORKDIR /data", "COPY root /"]);
  }

  it("pulls what we pushed, by its digest, and runs it", async () => {
    const client = openRegistry({
      credentials: () => Promise.resolve(undefined),
      userAgent: "berth-test",
    });
    const reference = `${registry.host}/team/app:1`;
    const { uri } = await pushImage({
      ...{ registry: client, blobs: fixture.store.blobs, image, reference },
    });
    client.close();
    await dockerd.docker("pull", reference);
    expect(await dockerd.docker("pull", uri)).toContain(image.manifest.digest);
    await runs(uri);
  }, 60_000);

  it("loads the archive that we wrote, and runs it", async () => {
    const path = join(fixture.root, "image.tar");
    const entries = [{ manifest: image.manifest, reference: "loaded:1" }];
    await writeLayout(fixture.store.blobs, entries, { path, format: "archive" });
    expect(await dockerd.docker("load", "-i", path)).toContain("loaded:1");
    await runs("loaded:1");
  }, 60_000);
});
