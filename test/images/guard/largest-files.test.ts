import { mkdir, mkdtemp, rm, symlink, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";

import { largestFiles, type UnpackedLayer } from "../../../src/images/guard/largest-files.ts";

describe("largestFiles()", () => {
  let directory: string;
  let layers: readonly UnpackedLayer[];
  const put = async (layer: string, path: string, sizeBytes: number): Promise<void> => {
    await mkdir(dirname(join(directory, layer, path)), { recursive: true });
    await writeFile(join(directory, layer, path), Buffer.alloc(sizeBytes));
  };
  beforeAll(async () => {
    directory = await mkdtemp(join(tmpdir(), "berth-largest-"));
    await put("low", "opt/model.bin", 5000);
    await put("low", "opt/kept.bin", 4000);
    await put("low", "srv/tree/deep/file", 3000);
    await put("high", "opt/model.bin", 10); // in its place
    await put("high", "srv/tree", 1); // a file where a directory was
    await put("high", "new.bin", 3500);
    await symlink("/etc", join(directory, "high", "link"));
    layers = ["low", "high"].map((name) => ({ name, directory: join(directory, name) }));
  });
  afterAll(() => rm(directory, { recursive: true, force: true }));

  it("gives the largest first, and tells which ones a layer above hides", async () => {
    expect(await largestFiles(layers, 4)).toEqual([
      { path: "/opt/model.bin", sizeBytes: 5000, layer: "low", isHidden: true },
      { path: "/opt/kept.bin", sizeBytes: 4000, layer: "low", isHidden: false },
      { path: "/new.bin", sizeBytes: 3500, layer: "high", isHidden: false },
      { path: "/srv/tree/deep/file", sizeBytes: 3000, layer: "low", isHidden: true },
    ]);
  });

  it("gives no more than asked for, and follows no link", async () => {
    const paths = (await largestFiles(layers, 99)).map(({ path }) => path);
    expect(paths).toHaveLength(6);
    expect(await largestFiles(layers, 1)).toHaveLength(1);
  });
});
