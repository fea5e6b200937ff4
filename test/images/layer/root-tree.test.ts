import { mkdir, mkdtemp, rm, symlink, writeFile } from "node:fs/promises";
import { execFileSync } from "node:child_process";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { afterEach, beforeEach, describe, expect, it } from "vitest";

import { RootTree, type TreeLayer } from "../../../src/images/layer/root-tree.ts";

let root: string;
beforeEach(async () => {
  root = await mkdtemp(join(tmpdir(), "berth-tree-"));
});
afterEach(() => rm(root, { recursive: true, force: true }));

async function layer(
  name: string,
  files: Readonly<Record<string, string>>,
  opaque: readonly string[] = [],
): Promise<TreeLayer> {
  const directory = join(root, name);
  for (const [path, text] of Object.entries(files)) {
    const target = join(directory, path);
    await mkdir(dirname(target), { recursive: true });
    if (text === "whiteout") execFileSync("mknod", [target, "c", "0", "0"]);
    else if (text.startsWith("-> ")) await symlink(text.slice(3), target);
    else await writeFile(target, text);
  }
  return { directory, opaque };
}

const isRoot = process.getuid?.() === 0;

describe("RootTree", () => {
  it("shows the highest layer that has a path, and merges directories", async () => {
    const tree = new RootTree(
      [await layer("1", { "d/a": "1", "d/b": "1" }), await layer("2", { "d/b": "2", "d/c": "2" })],
      "none",
    );
    expect(await tree.list("/d")).toEqual(["a", "b", "c"]);
    expect((await tree.lookup("/d/b"))?.source).toBe(join(root, "2/d/b"));
    expect((await tree.lookup("/d/a"))?.source).toBe(join(root, "1/d/a"));
    expect(await tree.lookup("/d/x")).toBeUndefined();
    expect((await tree.lookup("/"))?.kind).toBe("directory");
  });

  it("hides what lies under an opaque directory", async () => {
    const lower = await layer("1", { "d/a": "1", "d/s/b": "1" });
    const tree = new RootTree([lower, await layer("2", { "d/c": "2" }, ["d"])], "none");
    expect(await tree.list("/d")).toEqual(["c"]);
    expect(await tree.lookup("/d/a")).toBeUndefined();
    expect(await tree.lookup("/d/s/b")).toBeUndefined();
  });

  it("hides what lies under a directory within an opaque one", async () => {
    const lower = await layer("1", { "d/s/old": "1" });
    const tree = new RootTree([lower, await layer("2", { "d/s/new": "2" }, ["d"])], "none");
    expect(await tree.list("/d/s")).toEqual(["new"]);
  });

  it("never looks through a link of a layer, below a directory that replaced it neither", async () => {
    await layer("outside", { secret: "s" });
    const lower = await layer("1", { d: `-> ${join(root, "outside")}` });
    const tree = new RootTree([lower, await layer("2", { "d/a": "2" })], "none");
    expect(await tree.lookup("/d/secret")).toBeUndefined();
    expect(await tree.list("/d")).toEqual(["a"]);
    expect(await new RootTree([lower], "none").lookup("/d/secret")).toBeUndefined();
  });

  it("hides a directory that a file replaced", async () => {
    const tree = new RootTree(
      [await layer("1", { "d/a": "1" }), await layer("2", { d: "2" })],
      "none",
    );
    expect((await tree.lookup("/d"))?.kind).toBe("file");
    expect(await tree.lookup("/d/a")).toBeUndefined();
  });

  it.skipIf(!isRoot)("hides what a whiteout removed (needs root: mknod)", async () => {
    const tree = new RootTree(
      [
        await layer("1", { "d/a": "1", "d/b": "1", "e/f": "1" }),
        await layer("2", { "d/a": "whiteout", e: "whiteout" }),
      ],
      "none",
    );
    expect(await tree.list("/d")).toEqual(["b"]);
    expect(await tree.lookup("/d/a")).toBeUndefined();
    expect(await tree.lookup("/e/f")).toBeUndefined();
  });

  it.each([
    ["/a/b", "/a/b"],
    ["/abs/x", "/d/x"],
    ["/rel/x", "/d/x"],
    ["/chain/x", "/d/x"],
    ["/d/up/d/x", "/d/x"],
    ["/out/d", "/d"],
    ["/d/../d/./x", "/d/x"],
    ["/", "/"],
  ])("resolves %s to %s", async (path, expected) => {
    const files = {
      "d/x": "x",
      abs: "-> /d",
      rel: "-> d",
      chain: "-> rel",
      "d/up": "-> ..",
      out: "-> ../../..",
    };
    const tree = new RootTree([await layer("1", files)], "none");
    expect(await tree.resolve(path)).toBe(expected);
  });

  it("refuses links that lead in a circle", async () => {
    const tree = new RootTree([await layer("1", { a: "-> b", b: "-> a" })], "none");
    await expect(tree.resolve("/a")).rejects.toThrow(/too many symlinks at \/a/);
  });

  it("shows of the host what the sandbox shows, and no more", async () => {
    const tree = new RootTree([], "host");
    expect((await tree.lookup("/usr/bin/env"))?.kind).toBeDefined();
    expect(await tree.lookup("/tmp")).toMatchObject({ kind: "directory", mode: 0o1777 });
    expect(await tree.lookup("/etc/shadow")).toBeUndefined();
    expect(await tree.lookup(`${root}`)).toBeUndefined();
    expect(await tree.list("/tmp")).toEqual([]);
  });
});
