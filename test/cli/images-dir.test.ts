import { mkdtemp, rm, stat } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join, relative } from "node:path";
import { describe, expect, it } from "vitest";

import { imagesDir } from "../../src/cli/images-dir.ts";

describe("imagesDir()", () => {
  it("makes a directory in the user's cache", async () => {
    const cache = await mkdtemp(join(tmpdir(), "berth-cache-"));
    expect(imagesDir({ XDG_CACHE_HOME: cache })).toBe(join(cache, "berth/images"));
    const stats = await stat(join(cache, "berth/images"));
    expect(stats.isDirectory()).toBe(true);
    expect(stats.mode & 0o777).toBe(0o700);
    await rm(cache, { recursive: true });
  });

  it("takes the directory that BERTH_IMAGES_DIR names, as it is", async () => {
    const base = await mkdtemp(join(tmpdir(), "berth-images-"));
    const env = { XDG_CACHE_HOME: "/dev/null", BERTH_IMAGES_DIR: join(base, "mine") };
    expect(imagesDir(env)).toBe(join(base, "mine"));
    await rm(base, { recursive: true });
  });

  it("gives an absolute path for one that is relative, since steps are mounted below it", async () => {
    const base = await mkdtemp(join(tmpdir(), "berth-images-"));
    const env = { BERTH_IMAGES_DIR: relative(process.cwd(), join(base, "mine")) };
    expect(imagesDir(env)).toBe(join(base, "mine"));
    await rm(base, { recursive: true });
  });

  it("gives none when it cannot be made", () => {
    expect(imagesDir({ XDG_CACHE_HOME: "/dev/null" })).toBeUndefined();
  });
});
