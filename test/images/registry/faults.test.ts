import { afterEach, beforeEach, describe, expect, it } from "vitest";

import { listTags } from "../../../src/images/registry/list-tags.ts";
import {
  openRegistry,
  type Registry,
  type RegistryOptions,
} from "../../../src/images/registry/open-registry.ts";
import { pullImage, type PulledImage } from "../../../src/images/registry/pull-image.ts";
import { pushImage, type PushResult } from "../../../src/images/registry/push-image.ts";
import type { TransferProgress } from "../../../src/images/registry/transfer-progress.ts";
import { answer, errorOf, FaultRegistry, type Fault } from "./fault-registry.ts";
import { addImage, bytesOf, digestOf, MemoryBlobs } from "./memory-blobs.ts";

const MIB = 1024 * 1024;
let server: FaultRegistry;
let registry: Registry;
const blobs = new MemoryBlobs();
const layer = bytesOf(3 * MIB, 5);
const image = addImage(blobs, [layer]);
const layerDigest = digestOf(layer);

beforeEach(async () => {
  server = await FaultRegistry.start();
  registry = open();
});
afterEach(async () => {
  registry.close();
  await server[Symbol.asyncDispose]();
});

function open(options: Partial<RegistryOptions> = {}): Registry {
  return openRegistry({
    credentials: () => Promise.resolve(undefined),
    userAgent: "berth-test",
    retry: { attempts: 4, baseDelayMs: 1, maxDelayMs: 2, ...options.retry },
    ...options,
  });
}

function push(options: Partial<Parameters<typeof pushImage>[0]> = {}): Promise<PushResult> {
  const reference = `${server.host}/app:1`;
  return pushImage({ registry, blobs, image, reference, chunkBytes: MIB, ...options });
}

function pull(into = new MemoryBlobs()): Promise<PulledImage> {
  const platform = { os: "linux", architecture: "amd64" };
  return pullImage({ registry, blobs: into, reference: `${server.host}/app:1`, platform });
}

/** Puts the image into the registry. */
function fill(): void {
  for (const { digest } of [image.config, ...image.layers]) {
    server.blobs.set(digest, blobs.kept.get(digest) ?? Buffer.alloc(0));
  }
  const bytes = blobs.kept.get(image.manifest.digest) ?? Buffer.alloc(0);
  const entry = { type: image.manifest.mediaType, bytes };
  server.manifests.set("1", entry).set(image.manifest.digest, entry);
}

const status =
  (code: number, headers: Readonly<Record<string, string>> = {}): Fault =>
  (request, response) => {
    request.resume();
    for (const [name, value] of Object.entries(headers)) response.setHeader(name, value);
    answer(response, code, errorOf("TOLD", `answer ${code}`));
  };

/** Breaks the connection when some of the body has come. */
const cut: Fault = (request) => {
  request.once("data", () => request.destroy());
};

describe("pushImage() to a registry that fails", () => {
  it("goes on where a broken upload ended", async () => {
    server.fault = ({ method, url, earlier }) =>
      method === "PATCH" && url.includes("step=") && earlier === 1 ? cut : undefined;
    const states: TransferProgress[] = [];
    const { counts } = await push({ onProgress: (progress) => states.push(progress) });
    expect(counts).toEqual({ sent: 2, present: 0, mounted: 0 });
    expect(digestOf(server.blobs.get(layerDigest) ?? Buffer.alloc(0))).toBe(layerDigest);
    expect(server.calls("PATCH").map((call) => call.headers["content-range"])).toEqual([
      `0-${MIB - 1}`,
      `${MIB}-${2 * MIB - 1}`,
      `${MIB}-${2 * MIB - 1}`,
      `${2 * MIB}-${3 * MIB - 1}`,
    ]);
    expect(states.some(({ state }) => state === "retrying")).toBe(true);
  });

  it("begins an upload anew that the registry forgot", async () => {
    server.fault = ({ method, earlier }) =>
      method === "PATCH" && earlier === 2 ? status(404) : undefined;
    expect((await push()).counts.sent).toBe(2);
    expect(server.blobs.has(layerDigest)).toBe(true);
    expect(server.calls("POST")).toHaveLength(3);
  });

  it("sends a content that is refused once more, and then says what the registry said", async () => {
    server.fault = ({ method, url }) =>
      method === "PUT" && url.includes("uploads") ? status(400) : undefined;
    await expect(push()).rejects.toThrow(
      /\[REGISTRY_FAILED\] Cannot push blob sha256:\w+ to 127.*\/app:1: 127.* answers 400: TOLD answer 400/,
    );
    expect(server.calls("PUT", layerDigest).length).toBeLessThanOrEqual(2);
  });

  it("sends whole what a registry does not take in chunks", async () => {
    server.fault = ({ method }) => (method === "PATCH" ? status(400) : undefined);
    expect((await push()).counts.sent).toBe(2);
    expect(server.calls("PATCH")).toHaveLength(1);
    expect(server.blobs.has(layerDigest)).toBe(true);
  });

  it("sends nothing again when only the answer to the last request was lost", async () => {
    server.fault = ({ method, url }) => {
      if (method !== "PUT" || !url.includes(encodeURIComponent(layerDigest))) return undefined;
      return (request) => {
        server.blobs.set(layerDigest, layer);
        request.destroy();
      };
    };
    expect((await push()).sentBytes).toBe(layer.length + image.config.size);
  });

  it("keeps to the registry's smallest and largest chunk", async () => {
    server.sessionHeaders = { "OCI-Chunk-Min-Length": String(2 * MIB) };
    await push();
    expect(server.calls("PATCH").map((call) => call.headers["content-length"])).toEqual([
      String(2 * MIB),
      String(MIB),
    ]);
    server.blobs.clear();
    server.manifests.clear();
    server.requests.length = 0;
    server.sessionHeaders = { "OCI-Chunk-Max-Length": String(MIB / 2) };
    await push();
    expect(server.calls("PATCH")).toHaveLength(6);
  });

  it("sends what a refused mount left to be sent, by the upload that was begun for it", async () => {
    const { counts } = await push({ mountFrom: ["elsewhere"] });
    expect(counts).toEqual({ sent: 2, present: 0, mounted: 0 });
    expect(server.calls("POST").map(({ url }) => url.includes("mount="))).toEqual([true, true]);
  });

  it("waits as long as Retry-After says, and no longer than it has", async () => {
    server.fault = ({ method, earlier }) =>
      method === "HEAD" && earlier === 0 ? status(429, { "Retry-After": "0" }) : undefined;
    expect((await push()).counts.sent).toBe(2);
    server.fault = () => status(429, { "Retry-After": "3600" });
    await expect(push()).rejects.toThrow(/\[REGISTRY_FAILED\].*answers 429/);
  });

  it("gives up after the tries that it has, with the registry's words", async () => {
    server.fault = ({ url }) => (url.includes("manifests") ? status(503) : undefined);
    await expect(listAndPush()).rejects.toThrow(/\[REGISTRY_FAILED\].*\/app:1: .*answers 503/);
    expect(server.calls("HEAD", "manifests")).toHaveLength(4);
  });
  const listAndPush = (): Promise<PushResult> => push();

  it("ends the other blobs when one fails, and pushes no manifest", async () => {
    const own = new MemoryBlobs();
    const many = addImage(
      own,
      Array.from({ length: 12 }, (_, index) => bytesOf(1000, index)),
    );
    server.fault = ({ method }) => (method === "POST" ? status(403) : undefined);
    await expect(push({ blobs: own, image: many })).rejects.toThrow(/\[REGISTRY_DENIED\]/);
    expect(server.calls("POST").length).toBeLessThanOrEqual(4);
    expect(server.calls("PUT")).toEqual([]);
  });

  it("refuses a registry that keeps another manifest than it was given", async () => {
    server.fault = ({ method, url }) =>
      method === "PUT" && url.includes("manifests")
        ? status(201, { "Docker-Content-Digest": digestOf(bytesOf(1)) })
        : undefined;
    await expect(push()).rejects.toThrow(/\[DIGEST_MISMATCH\].*must not change/);
  });

  it("refuses a digest that is not the image's before anything is sent", async () => {
    const reference = `${server.host}/app@${layerDigest}`;
    await expect(push({ reference })).rejects.toThrow(/\[BAD_REFERENCE\]/);
    expect(server.requests).toEqual([]);
  });

  it("gives up on a registry that says nothing", async () => {
    registry = open({ silenceMs: 30, retry: { attempts: 2, baseDelayMs: 1 } });
    server.fault = () => (request) => void request.resume();
    await expect(push()).rejects.toThrow(/\[REGISTRY_UNREACHABLE\].*nothing came for 30 ms/);
  });

  it("ends at once when it is aborted, with the reason", async () => {
    const stop = new AbortController();
    registry = open({ signal: stop.signal });
    server.fault = ({ method }) =>
      method === "PATCH" ? () => stop.abort(new Error("enough")) : undefined;
    await expect(push()).rejects.toThrow("enough");
    expect(server.calls("PUT", "manifests")).toEqual([]);
  });

  it("says that nobody listens, and what would do", async () => {
    const reference = "127.0.0.1:1/app:1";
    await expect(push({ reference })).rejects.toThrow(
      /\[REGISTRY_UNREACHABLE\] Cannot push 127\.0\.0\.1:1\/app:1: cannot reach registry 127\.0\.0\.1:1: .*ECONNREFUSED.*check that it runs/,
    );
  });
});

describe("pullImage() from a registry that fails", () => {
  beforeEach(fill);
  const isLayer = (url: string): boolean => url.includes(layerDigest);

  it("goes on where a download was cut, by Range", async () => {
    server.fault = ({ method, url, earlier }) =>
      method === "GET" && isLayer(url) && earlier === 0
        ? (_request, response) => {
            response.setHeader("Content-Length", layer.length);
            response.write(layer.subarray(0, MIB), () => response.destroy());
          }
        : undefined;
    const into = new MemoryBlobs();
    await pull(into);
    expect(into.contents()).toEqual(blobs.contents());
    const [, second] = server.calls("GET", layerDigest);
    expect(second?.headers.range).toMatch(/^bytes=[1-9]\d*-$/);
  });

  it("passes over what it has when the registry knows no Range", async () => {
    server.fault = ({ method, url, earlier }) =>
      method === "GET" && isLayer(url)
        ? (_request, response) => {
            response.setHeader("Content-Length", layer.length);
            if (earlier > 0) response.end(layer);
            else response.write(layer.subarray(0, MIB), () => response.destroy());
          }
        : undefined;
    const into = new MemoryBlobs();
    await pull(into);
    expect(into.contents()).toEqual(blobs.contents());
  });

  it("gives up on a blob that always ends early", async () => {
    server.fault = ({ url }) =>
      isLayer(url)
        ? (_request, response) => {
            response.setHeader("Content-Length", 100);
            response.end(layer.subarray(0, 100));
          }
        : undefined;
    await expect(pull()).rejects.toThrow(/\[REGISTRY_FAILED\].*ended after \d+ of \d+ bytes/);
  });

  const stall: Fault = (_request, response) => {
    response.setHeader("Content-Length", layer.length);
    response.write(layer.subarray(0, MIB));
  };

  it("goes on when a download falls silent in the middle", async () => {
    registry.close();
    registry = open({ silenceMs: 500 });
    server.fault = ({ method, url, earlier }) =>
      method === "GET" && isLayer(url) && earlier === 0 ? stall : undefined;
    const into = new MemoryBlobs();
    await pull(into);
    expect(into.contents()).toEqual(blobs.contents());
    expect(server.calls("GET", layerDigest)[1]?.headers.range).toMatch(/^bytes=[1-9]/);
  });

  it("ends at once when it is aborted in the middle of a download, with the reason", async () => {
    const stop = new AbortController();
    registry.close();
    registry = open({ signal: stop.signal });
    server.fault = ({ method, url }) => (method === "GET" && isLayer(url) ? stall : undefined);
    const platform = { os: "linux", architecture: "amd64" };
    const onProgress = ({ state, digest }: TransferProgress): void => {
      if (state === "moving" && digest === layerDigest) stop.abort(new Error("enough"));
    };
    const into = new MemoryBlobs();
    const reference = `${server.host}/app:1`;
    await expect(
      pullImage({ registry, blobs: into, reference, platform, onProgress }),
    ).rejects.toThrow("enough");
    expect(await into.stat(layerDigest)).toBeUndefined();
  });

  it("fetches a wrong content once more, and keeps the right one", async () => {
    server.fault = ({ method, url, earlier }) =>
      method === "GET" && isLayer(url) && earlier === 0
        ? (_request, response) => void response.end(bytesOf(layer.length, 77))
        : undefined;
    const into = new MemoryBlobs();
    await pull(into);
    expect(into.contents()).toEqual(blobs.contents());
  });

  it.each([
    ["wrong twice", (): Buffer => bytesOf(layer.length, 77)],
    ["longer than its manifest says", (): Buffer => bytesOf(layer.length + 1, 5)],
  ])("refuses a blob that is %s, and keeps nothing of it", async (_name, content) => {
    server.fault = ({ method, url }) =>
      method === "GET" && isLayer(url)
        ? (_request, response) => void response.end(content())
        : undefined;
    const into = new MemoryBlobs();
    await expect(pull(into)).rejects.toThrow(/\[DIGEST_MISMATCH\]/);
    expect(await into.stat(layerDigest)).toBeUndefined();
    expect(server.calls("GET", layerDigest)).toHaveLength(2);
  });

  it("throws what the store throws, and reads no further", async () => {
    const into = new MemoryBlobs();
    const write = into.write.bind(into);
    into.write = async (content, expected) => {
      if (expected?.digest !== layerDigest) return write(content, expected);
      throw new Error("the disk is full");
    };
    await expect(pull(into)).rejects.toThrow("the disk is full");
  });

  it("refuses a manifest that is not what its digest says", async () => {
    const other = { type: image.manifest.mediaType, bytes: Buffer.from('{"schemaVersion":2}') };
    server.manifests.set(image.manifest.digest, other);
    await expect(pull()).rejects.toThrow(/\[DIGEST_MISMATCH\].*whose digest is/);
  });

  it("refuses a manifest without an end", async () => {
    server.fault = ({ method, url }) =>
      method === "GET" && url.includes("manifests")
        ? (_request, response) => void response.end(Buffer.alloc(5 * MIB))
        : undefined;
    await expect(pull()).rejects.toThrow(/\[REGISTRY_FAILED\].*more than the 4194304 bytes/);
  });

  it("fetches nothing that is there, but looks up the tag", async () => {
    const into = new MemoryBlobs();
    await pull(into);
    server.requests.length = 0;
    await pull(into);
    expect(server.requests.map(({ method, url }) => `${method} ${url}`)).toEqual([
      "HEAD /v2/app/manifests/1",
    ]);
  });

  it("lists the platforms that an index has, and takes the one that fits", async () => {
    const own = new MemoryBlobs();
    const arm = addImage(own, [bytesOf(10)], "arm64");
    const entry = {
      ...arm.manifest,
      platform: { os: "linux", architecture: "arm64", variant: "v8" },
    };
    const noise = { ...arm.manifest, platform: { os: "unknown", architecture: "unknown" } };
    const mediaType = "application/vnd.oci.image.index.v1+json";
    const put = (manifests: readonly object[]): void => {
      const bytes = Buffer.from(JSON.stringify({ schemaVersion: 2, mediaType, manifests }));
      server.manifests.set("1", { type: mediaType, bytes });
      server.manifests.set(digestOf(bytes), { type: mediaType, bytes });
    };
    put([entry, noise]);
    await expect(pull()).rejects.toThrow(
      /\[PLATFORM_MISSING\].*for linux\/amd64: there is linux\/arm64\/v8;/,
    );
    put([noise, entry, { ...image.manifest, platform: { os: "linux", architecture: "amd64" } }]);
    const found = await pull();
    expect(found.manifest.digest).toBe(image.manifest.digest);
    expect(found.index.mediaType).toBe(mediaType);
  });

  it("refuses an image for another machine by its config, before its layers", async () => {
    const own = new MemoryBlobs();
    const arm = addImage(own, [bytesOf(10)], "arm64");
    server.blobs.set(arm.config.digest, own.kept.get(arm.config.digest) ?? Buffer.alloc(0));
    const bytes = own.kept.get(arm.manifest.digest) ?? Buffer.alloc(0);
    const entry = { type: arm.manifest.mediaType, bytes };
    server.manifests.set("1", entry).set(arm.manifest.digest, entry);
    await expect(pull()).rejects.toThrow(/\[PLATFORM_MISSING\].*there is linux\/arm64;/);
    expect(server.calls("GET", arm.layers[0]?.digest)).toEqual([]);
  });

  it("refuses schema 1 by name", async () => {
    const type = "application/vnd.docker.distribution.manifest.v1+prettyjws";
    const bytes = Buffer.from(JSON.stringify({ schemaVersion: 1, fsLayers: [] }));
    server.manifests.set("1", { type, bytes }).set(digestOf(bytes), { type, bytes });
    await expect(pull()).rejects.toThrow(/\[MANIFEST_INVALID\].*schema 1/);
  });
});

describe("listTags()", () => {
  it("reads page after page", async () => {
    server.fault =
      ({ url }) =>
      (_request, response) => {
        const isFirst = !url.includes("last=");
        if (isFirst) response.setHeader("Link", '</v2/app/tags/list?n=2&last=b>; rel="next"');
        answer(response, 200, { tags: isFirst ? ["a", "b"] : ["c"] });
      };
    expect(await listTags(registry, `${server.host}/app`)).toEqual(["a", "b", "c"]);
  });

  it("says when what answers is no registry", async () => {
    server.fault = () => (_request, response) => void response.end("<html>");
    await expect(listTags(registry, `${server.host}/app`)).rejects.toThrow(
      /\[REGISTRY_FAILED\].*without a list of tags/,
    );
  });
});
