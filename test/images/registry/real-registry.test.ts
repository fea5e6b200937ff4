import { execFile } from "node:child_process";
import { mkdtemp, readFile, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { promisify } from "node:util";
import { afterAll, beforeAll, describe, expect, it } from "vitest";

import { deleteManifest } from "../../../src/images/registry/delete-manifest.ts";
import { listRepositories, listTags } from "../../../src/images/registry/list-tags.ts";
import { manifestSize } from "../../../src/images/registry/manifest-size.ts";
import { openMountMemory } from "../../../src/images/registry/mount-memory.ts";
import { openRegistry } from "../../../src/images/registry/open-registry.ts";
import { pullImage } from "../../../src/images/registry/pull-image.ts";
import { pushImage } from "../../../src/images/registry/push-image.ts";
import type { Credentials } from "../../../src/images/registry/credentials.ts";
import {
  hasRegistry,
  hasSkopeo,
  HTPASSWD,
  startRealRegistry,
  type RealRegistry,
} from "./docker-registry.ts";
import { startCuttingProxy } from "./cutting-proxy.ts";
import { addImage, bytesOf, MemoryBlobs } from "./memory-blobs.ts";

const run = promisify(execFile);
const platform = { os: "linux", architecture: "amd64" };
const userAgent = "berth-test";

function open(credentials?: Credentials): ReturnType<typeof openRegistry> {
  return openRegistry({ credentials: () => Promise.resolve(credentials), userAgent });
}

describe.skipIf(!hasRegistry)("Debian's docker-registry (skipped where it is missing)", () => {
  let real: RealRegistry;
  let directory: string;
  const registry = open();
  const blobs = new MemoryBlobs();
  const image = addImage(blobs, [bytesOf(3_000_000, 1), bytesOf(500_000, 2), bytesOf(10, 3)]);
  beforeAll(async () => {
    real = await startRealRegistry();
    directory = await mkdtemp(join(tmpdir(), "berth-registry-test-"));
  });
  afterAll(async () => {
    registry.close();
    await real[Symbol.asyncDispose]();
    await rm(directory, { recursive: true, force: true });
  });

  it("takes an image, gives it back, and is sent nothing the second time", async () => {
    const reference = `${real.host}/team/app:1`;
    const pushed = await pushImage({ registry, blobs, image, reference });
    expect(pushed).toEqual({
      digest: image.manifest.digest,
      uri: `${real.host}/team/app@${image.manifest.digest}`,
      sentBytes: 3_500_010 + image.config.size,
      counts: { sent: 4, present: 0, mounted: 0 },
    });
    const again = await pushImage({ registry, blobs, image, reference });
    expect(again).toMatchObject({ sentBytes: 0, counts: { sent: 0, present: 4, mounted: 0 } });
    const other = await pushImage({ registry, blobs, image, reference: `${real.host}/team/app:2` });
    expect(other).toMatchObject({ sentBytes: 0, counts: { sent: 0, present: 4, mounted: 0 } });

    const pulled = new MemoryBlobs();
    const found = await pullImage({ registry, blobs: pulled, reference, platform });
    expect(found).toEqual({ ...image, index: image.manifest });
    expect(pulled.contents()).toEqual(blobs.contents());
  });

  it("takes a large blob in chunks", async () => {
    const reference = `${real.host}/chunked:1`;
    const own = new MemoryBlobs();
    const large = addImage(own, [bytesOf(2_500_000, 9)]);
    const pushed = await pushImage({
      registry,
      blobs: own,
      image: large,
      reference,
      chunkBytes: 1_000_000,
    });
    expect(pushed.sentBytes).toBe(2_500_000 + large.config.size);
    const pulled = new MemoryBlobs();
    await pullImage({ registry, blobs: pulled, reference, platform });
    expect(pulled.contents()).toEqual(own.contents());
  });

  it("gets all of an upload whose connection breaks again and again", async () => {
    const cuts = [300_000, 700_000, 1_500_000];
    await using proxy = await startCuttingProxy(real.host, cuts);
    const own = new MemoryBlobs();
    const large = addImage(own, [bytesOf(4_000_000, 40)]);
    const push = { registry, blobs: own, image: large, reference: `${proxy.host}/cut:1` };
    await pushImage({ ...push, chunkBytes: 1_000_000 });
    expect(proxy.cutCount()).toBe(3);
    const pulled = new MemoryBlobs();
    await pullImage({ registry, blobs: pulled, reference: `${real.host}/cut:1`, platform });
    expect(pulled.contents()).toEqual(own.contents());
  });

  it("mounts what another repository got before, by the memory in a file", async () => {
    const path = join(directory, "mounts.json");
    const own = new MemoryBlobs();
    const shared = addImage(own, [bytesOf(100_000, 20)]);
    const first = await openMountMemory(path);
    const from = { registry, blobs: own, image: shared, reference: `${real.host}/first/app:1` };
    await pushImage({ ...from, mountMemory: first });
    const second = await openMountMemory(path);
    const into = { ...from, reference: `${real.host}/second/app:1`, mountMemory: second };
    expect(await pushImage(into)).toMatchObject({
      sentBytes: 0,
      counts: { sent: 0, present: 0, mounted: 2 },
    });
    const given = {
      ...from,
      reference: `${real.host}/third/app:1`,
      mountFrom: ["no/such", "first/app"],
    };
    expect((await pushImage(given)).counts.mounted).toBe(2);
  });

  it.skipIf(!hasSkopeo)("is read by skopeo after our push (skipped without skopeo)", async () => {
    const reference = `${real.host}/for-skopeo:1`;
    await pushImage({ registry, blobs, image, reference });
    const { stdout } = await run("skopeo", [
      "inspect",
      "--tls-verify=false",
      `docker://${reference}`,
    ]);
    expect(JSON.parse(stdout)).toMatchObject({
      Digest: image.manifest.digest,
      Architecture: "amd64",
      Layers: image.layers.map((layer) => layer.digest),
    });
    const target = join(directory, "copy");
    await run("skopeo", [
      "copy",
      "--src-tls-verify=false",
      `docker://${reference}`,
      `dir:${target}`,
    ]);
    const layer = image.layers[0]?.digest ?? "";
    const copied = await readFile(join(target, layer.slice("sha256:".length)));
    expect(copied.equals(blobs.kept.get(layer) ?? Buffer.alloc(0))).toBe(true);
  });

  it.skipIf(!hasSkopeo)(
    "gives us what skopeo pushed, in Docker's types (skipped without skopeo)",
    async () => {
      const reference = `${real.host}/from-skopeo:1`;
      await pushImage({ registry, blobs, image, reference: `${real.host}/original:1` });
      await run("skopeo", [
        "copy",
        "--format=v2s2",
        "--src-tls-verify=false",
        "--dest-tls-verify=false",
        `docker://${real.host}/original:1`,
        `docker://${reference}`,
      ]);
      const pulled = new MemoryBlobs();
      const found = await pullImage({ registry, blobs: pulled, reference, platform });
      expect(found.manifest.mediaType).toBe("application/vnd.docker.distribution.manifest.v2+json");
      expect(found.layers).toHaveLength(3);
      for (const { digest } of [found.config, ...found.layers]) {
        expect(pulled.kept.has(digest)).toBe(true);
      }
    },
  );

  it("lists repositories and tags, tells sizes, and deletes", async () => {
    const reference = `${real.host}/to-delete:a`;
    const own = new MemoryBlobs();
    const small = addImage(own, [bytesOf(1000, 30), bytesOf(2000, 31)]);
    await pushImage({ registry, blobs: own, image: small, reference });
    await pushImage({ registry, blobs: own, image: small, reference: `${real.host}/to-delete:b` });
    expect((await listTags(registry, `${real.host}/to-delete`)).toSorted()).toEqual(["a", "b"]);
    expect(await listRepositories(registry, real.host)).toContain("to-delete");
    expect(await manifestSize(registry, reference)).toMatchObject({
      digest: small.manifest.digest,
      sizeBytes: 3000 + small.config.size + small.manifest.size,
    });
    expect(await deleteManifest(registry, reference)).toBe(small.manifest.digest);
    await expect(
      pullImage({ registry, blobs: new MemoryBlobs(), reference, platform }),
    ).rejects.toThrow(/\[NO_SUCH_IMAGE\] Cannot pull .*to-delete:a/);
    await expect(deleteManifest(registry, reference)).rejects.toThrow(/\[NO_SUCH_IMAGE\]/);
  });
});

describe.skipIf(!hasRegistry)(
  "docker-registry with a password (skipped where it is missing)",
  () => {
    let real: RealRegistry;
    beforeAll(async () => {
      real = await startRealRegistry({ htpasswd: `${HTPASSWD}\n`, allowsDelete: false });
    });
    afterAll(() => real[Symbol.asyncDispose]());
    const blobs = new MemoryBlobs();
    const image = addImage(blobs, [bytesOf(1000)]);

    it("lets in who knows it, and says by name that it deletes nothing", async () => {
      const login = { kind: "basic", username: "testuser", password: "testpassword" } as const;
      const registry = open(login);
      const reference = `${real.host}/app:1`;
      expect((await pushImage({ registry, blobs, image, reference })).counts.sent).toBe(2);
      await expect(deleteManifest(registry, reference)).rejects.toThrow(
        /\[REGISTRY_FAILED\] .*does not allow to delete.*REGISTRY_STORAGE_DELETE_ENABLED/,
      );
      registry.close();
    });

    it.each([
      ["no credentials", undefined, /no credentials for 127\.0\.0\.1:\d+ are in/],
      [
        "a wrong password",
        { kind: "basic", username: "testuser", password: "hunter22" } as const,
        /do not allow it/,
      ],
    ])("denies with %s", async (_name, credentials, text) => {
      const registry = open(credentials);
      const error = await pushImage({
        registry,
        blobs,
        image,
        reference: `${real.host}/app:1`,
      }).catch((reason: unknown) => reason);
      expect(error).toMatchObject({
        code: "REGISTRY_DENIED",
        message: expect.stringMatching(text),
      });
      expect(String(error)).toContain(`docker login ${real.host}`);
      expect(String(error)).not.toContain("hunter22");
      registry.close();
    });
  },
);
