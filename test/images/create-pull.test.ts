import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";

import { afterAll, beforeAll, describe, expect, it } from "vitest";

import { openImageStore, type BuildStore, type Image } from "../../src/images/image-store.ts";
import { createPull, type ImportImage } from "../../src/images/pull-source.ts";
import { openRegistry } from "../../src/images/registry/open-registry.ts";
import { pushImage } from "../../src/images/registry/push-image.ts";
import { hasRegistry, startRealRegistry, type RealRegistry } from "./registry/docker-registry.ts";
import { addImage, bytesOf, MemoryBlobs } from "./registry/memory-blobs.ts";

const platform = { os: "linux", architecture: "amd64" };
const registry = openRegistry({
  credentials: () => Promise.resolve(undefined),
  userAgent: "berth-test",
  retry: { attempts: 1 },
});
const blobs = new MemoryBlobs();
const image = addImage(blobs, [bytesOf(100_000, 1)]);
let root: string;
let store: BuildStore;

beforeAll(async () => {
  root = await mkdtemp(join(tmpdir(), "berth-pull-"));
  store = await openImageStore(root);
});
afterAll(async () => {
  registry.close();
  await rm(root, { recursive: true, force: true });
});

describe.skipIf(!hasRegistry)("createPull() (skipped where docker-registry is missing)", () => {
  let real: RealRegistry;
  beforeAll(async () => {
    real = await startRealRegistry();
    await pushImage({ registry, blobs, image, reference: `${real.host}/app:1` });
  });
  afterAll(() => real[Symbol.asyncDispose]());

  it("pulls once for all who ask at a time, and takes the image in under its name", async () => {
    const { seen, importImage } = countingImport();
    const pull = createPull({ store, registry, importImage });
    const reference = `${real.host}/app:1`;
    const [one, other] = await Promise.all([pull(reference, platform), pull(reference, platform)]);
    expect(one).toBe(other);
    expect(seen).toEqual([[image.manifest.digest, { tag: reference, platform }]]);
    expect(await store.blobs.stat(image.layers[0]?.digest ?? "")).toBe(100_000);
  });

  it("asks again for what a registry said no to", async () => {
    const { importImage } = countingImport();
    const pull = createPull({ store, registry, importImage });
    const reference = `${real.host}/later:1`;
    await expect(pull(reference, platform)).rejects.toThrow("NO_SUCH_IMAGE");
    await pushImage({ registry, blobs, image, reference });
    await expect(pull(reference, platform)).resolves.toBeDefined();
  });
});

describe("createPull() of a registry that does not answer", () => {
  it("does not ask it again at once", async () => {
    const { importImage } = countingImport();
    const pull = createPull({ store, registry, importImage });
    const errorOf = (name: string): Promise<unknown> =>
      pull(`127.0.0.1:1/${name}`, platform).catch((error: unknown) => error);
    const first = await errorOf("a");
    expect(String(first)).toContain("REGISTRY_UNREACHABLE");
    expect(await errorOf("b")).toBe(first);
  });
});
