import { mkdir, mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { expect, it, describe } from "vitest";

import { findOpaque } from "../../../src/images/layer/find-opaque.ts";
import { RootTree } from "../../../src/images/layer/root-tree.ts";

// Marked directories need a mounted overlay: test/engine/docker-cli covers them by a real RUN.
describe("findOpaque()", () => {
  it("finds none among directories that are new or not marked", async () => {
    const root = await mkdtemp(join(tmpdir(), "berth-opaque-"));
    await mkdir(join(root, "lower/shared"), { recursive: true });
    await mkdir(join(root, "upper/shared/new"), { recursive: true });
    const lower = new RootTree([{ directory: join(root, "lower"), opaque: [] }], "none");
    expect(await findOpaque(join(root, "upper"), lower)).toEqual([]);
    await rm(root, { recursive: true });
  });
});
