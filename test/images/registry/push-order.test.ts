import { afterEach, beforeEach, describe, expect, it } from "vitest";

import type { MountMemory } from "../../../src/images/registry/mount-memory.ts";
import { openRegistry, type Registry } from "../../../src/images/registry/open-registry.ts";
import { pushImage } from "../../../src/images/registry/push-image.ts";
import { FaultRegistry } from "./fault-registry.ts";
import { addImage, bytesOf, digestOf, MemoryBlobs } from "./memory-blobs.ts";

let server: FaultRegistry;
let registry: Registry;
const blobs = new MemoryBlobs();
const large = bytesOf(64 * 1024, 1);
const small = bytesOf(1024, 2);
const image = addImage(blobs, [large, small]);

beforeEach(async () => {
  server = await FaultRegistry.start();
  const credentials = (): Promise<undefined> => Promise.resolve(undefined);
  // One at a time, so that the order shows.
  registry = openRegistry({ credentials, userAgent: "berth-test", concurrency: 1 });
});
afterEach(async () => {
  registry.close();
  await server[Symbol.asyncDispose]();
});

/** Knows that some blobs are in the repository. */
function remembering(digests: readonly string[]): MountMemory {
  return {
    repositoriesOf: (_host, digest) => (digests.includes(digest) ? ["app"] : []),
    remember: () => undefined,
    save: () => Promise.resolve(),
  };
}

async function looks(mountMemory?: MountMemory): Promise<readonly string[]> {
  const reference = `${server.host}/app:1`;
  const memory = mountMemory === undefined ? {} : { mountMemory };
  await pushImage({ registry, blobs, image, reference, ...memory });
  return server.calls("HEAD").map(({ url }) => url.slice(url.lastIndexOf("/") + 1));
}

describe("pushImage()", () => {
  it("looks for the tag first, then for the largest blobs, where nothing is remembered", async () => {
    const found = await looks();
    expect(found.slice(0, 2)).toEqual(["1", digestOf(large)]);
    expect(found).toHaveLength(4);
  });

  it("begins with blobs that were never sent there, without a look for the tag", async () => {
    const found = await looks(remembering([digestOf(large), image.config.digest]));
    expect(found[0]).toBe(digestOf(small));
    expect(found).toHaveLength(3);
  });

  it("looks for the tag alone when it remembers every blob and the image is there", async () => {
    await looks();
    server.requests.length = 0;
    const all = [image.config, ...image.layers].map(({ digest }) => digest);
    expect(await looks(remembering(all))).toEqual(["1"]);
  });

  it("sends what is remembered and gone all the same", async () => {
    await looks(remembering([image.config, ...image.layers].map(({ digest }) => digest)));
    expect(server.blobs.has(digestOf(large))).toBe(true);
    expect(server.manifests.has("1")).toBe(true);
  });
});
