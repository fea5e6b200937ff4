import { afterEach, beforeEach, describe, expect, it } from "vitest";

import type { MountMemory } from "../../../src/images/registry/mount-memory.ts";
import { lookAhead } from "../../../src/images/registry/look-ahead.ts";
import { openRegistry, type Registry } from "../../../src/images/registry/open-registry.ts";
import { pushImage } from "../../../src/images/registry/push-image.ts";
import { FaultRegistry } from "./fault-registry.ts";
import { addImage, bytesOf, digestOf, MemoryBlobs } from "./memory-blobs.ts";

let server: FaultRegistry;
let registry: Registry;
const blobs = new MemoryBlobs();
const large = bytesOf(64 * 1024, 1);
const small = bytesOf(40 * 1024, 2);
const light = bytesOf(1024, 3);
const image = addImage(blobs, [large, small, light]);

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

function mountOf(digest: string): string {
  return `/v2/app/blobs/uploads/?${new URLSearchParams({ mount: digest, from: "app" }).toString()}`;
}

/** The largest first. */
function bySize(a: string, b: string): number {
  const sizeOf = (digest: string): number =>
    [image.config, ...image.layers].find((blob) => blob.digest === digest)?.size ?? 0;
  return sizeOf(b) - sizeOf(a);
}

function urlsOf(method: string): readonly string[] {
  return server.calls(method).map(({ url }) => url);
}

function nameOf(url: string): string {
  return url.slice(url.lastIndexOf("/") + 1);
}

async function looks(mountMemory?: MountMemory): Promise<readonly string[]> {
  const reference = `${server.host}/app:1`;
  const memory = mountMemory === undefined ? {} : { mountMemory };
  await pushImage({ registry, blobs, image, reference, ...memory });
  return urlsOf("HEAD").map(nameOf);
}

describe("pushImage()", () => {
  it("looks for the tag first, then for the largest blobs, where nothing is remembered", async () => {
    const found = await looks();
    expect(found.slice(0, 2)).toEqual(["1", digestOf(large)]);
    expect(found).toHaveLength(5);
  });

  it("begins with blobs that were never sent there, without a look for the tag", async () => {
    const known = [digestOf(large), digestOf(light), image.config.digest];
    const found = await looks(remembering(known));
    expect(found).toEqual([digestOf(small), ...known.toSorted(bySize)]);
  });

  it("begins a light blob that was never sent there by one request, and sends it", async () => {
    const found = await looks(remembering([digestOf(large), digestOf(small)]));
    expect(found).toEqual([digestOf(large), digestOf(small)]);
    const mounts = [digestOf(light), image.config.digest].map((digest) => mountOf(digest));
    expect(urlsOf("POST").slice(0, 2)).toEqual(mounts);
    expect(server.blobs.get(digestOf(light))?.equals(light)).toBe(true);
    expect(server.blobs.has(image.config.digest)).toBe(true);
  });

  it("does not send a light blob that it has forgotten and the registry has", async () => {
    await looks();
    server.requests.length = 0;
    const mountMemory = remembering([digestOf(large), digestOf(small)]);
    const reference = `${server.host}/app:2`;
    const pushed = await pushImage({ registry, blobs, image, reference, mountMemory });
    expect(pushed).toMatchObject({ sentBytes: 0, counts: { sent: 0, present: 4, mounted: 0 } });
    expect(urlsOf("PUT")).toEqual(["/v2/app/manifests/2"]);
  });

  it("looks for a light blob where the registry refuses to be asked so", async () => {
    server.fault = ({ url }) =>
      url.includes("mount=")
        ? (_request, response) => void response.writeHead(403).end()
        : undefined;
    const found = await looks(remembering([digestOf(large), digestOf(small)]));
    expect(found.slice(0, 2)).toEqual([digestOf(light), image.config.digest]);
    expect(server.blobs.has(digestOf(light))).toBe(true);
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

describe("pushImage() of what shares layers with an image that is there", () => {
  const next = addImage(blobs, [large, small, bytesOf(50 * 1024, 4)]);
  const added = next.layers[2]?.digest ?? "";
  const reference = (): string => `${server.host}/app:1`;
  const push = (pointsTo: string) =>
    pushImage({
      ...{ registry, blobs, image: next, reference: reference() },
      pointsTo: Promise.resolve(pointsTo),
    });

  beforeEach(async () => {
    await pushImage({ registry, blobs, image, reference: reference() });
    server.requests.length = 0;
  });

  it("looks for the new blobs alone", async () => {
    const pushed = await push(image.manifest.digest);
    expect(urlsOf("HEAD").map(nameOf).toSorted()).toEqual([added, next.config.digest].toSorted());
    expect(pushed.counts).toEqual({ sent: 2, present: 2, mounted: 0 });
    expect(server.manifests.has(next.manifest.digest)).toBe(true);
  });

  it("looks for all blobs when it does not know what that image is made of", async () => {
    const pushed = await push(digestOf(bytesOf(10, 5)));
    expect(urlsOf("HEAD")).toHaveLength(4);
    expect(pushed.counts).toEqual({ sent: 2, present: 2, mounted: 0 });
  });

  it("asks for the tag alone when that image is the same", async () => {
    await push(image.manifest.digest);
    server.requests.length = 0;
    const pushed = await push(next.manifest.digest);
    expect(server.requests.map(({ method, url }) => `${method} ${url}`)).toEqual([
      "HEAD /v2/app/manifests/1",
    ]);
    expect(pushed).toMatchObject({ sentBytes: 0, counts: { sent: 0, present: 4, mounted: 0 } });
  });

  it("moves a tag back that somebody has moved since it was looked at", async () => {
    await push(image.manifest.digest);
    await pushImage({ registry, blobs, image, reference: reference() });
    await push(next.manifest.digest);
    expect(server.manifests.get("1")).toBe(server.manifests.get(next.manifest.digest));
  });

  it("looks for the others and sends them when the registry has lost them", async () => {
    server.blobs.delete(digestOf(large));
    server.fault = ({ method, url, earlier }) =>
      method === "PUT" && url.includes("/manifests/") && earlier === 0
        ? (_request, response) => void response.writeHead(404).end()
        : undefined;
    const pushed = await push(image.manifest.digest);
    expect(pushed.counts).toEqual({ sent: 3, present: 1, mounted: 0 });
    expect(server.blobs.has(digestOf(large))).toBe(true);
    expect(server.manifests.has(next.manifest.digest)).toBe(true);
  });

  it("tells what a registry refuses for another reason, having looked once", async () => {
    server.fault = ({ method, url }) =>
      method === "PUT" && url.includes("/manifests/")
        ? (_request, response) => void response.writeHead(400).end("too many layers")
        : undefined;
    await expect(push(image.manifest.digest)).rejects.toMatchObject({ code: "REGISTRY_FAILED" });
    expect(server.calls("PUT", "/manifests/")).toHaveLength(2);
    server.requests.length = 0;
    const unknown = push(digestOf(bytesOf(10, 5)));
    await expect(unknown).rejects.toMatchObject({ code: "REGISTRY_FAILED" });
    expect(server.calls("PUT", "/manifests/")).toHaveLength(1);
  });
});

describe("lookAhead()", () => {
  it("asks for what is to be pushed, once", async () => {
    await pushImage({ registry, blobs, image, reference: `${server.host}/app:1` });
    server.requests.length = 0;
    const found = await lookAhead(registry, `${server.host}/app:1`);
    expect(found).toBe(image.manifest.digest);
    expect(server.requests.map(({ method, url }) => `${method} ${url}`)).toEqual([
      "HEAD /v2/app/manifests/1",
    ]);
  });

  it("leaves it to the push to tell what goes wrong", async () => {
    server.fault = () => (_request, response) => void response.writeHead(500).end();
    await expect(lookAhead(registry, `${server.host}/app:1`)).resolves.toBeUndefined();
    await expect(lookAhead(registry, "No Reference")).resolves.toBeUndefined();
    expect(server.requests).toHaveLength(1);
  });
});
