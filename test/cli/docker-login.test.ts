import { readFile, rm } from "node:fs/promises";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, it } from "vitest";

import { answer, FaultRegistry } from "../images/registry/fault-registry.ts";
import { addImage, bytesOf, MemoryBlobs } from "../images/registry/memory-blobs.ts";
import { startFakeEngine, type FakeEngine } from "./fake-engine.ts";

const LOGIN = `Basic ${btoa("user:secret")}`;
let engine: FakeEngine;
let registry: FaultRegistry;
beforeEach(async () => {
  engine = await startFakeEngine();
  registry = await FaultRegistry.start();
  registry.fault = ({ headers, url }) => {
    if (headers.authorization === LOGIN && url !== "/v2/") return undefined;
    return (_request, response) => {
      response.setHeader("WWW-Authenticate", 'Basic realm="test"');
      answer(response, headers.authorization === LOGIN ? 200 : 401);
    };
  };
});
afterEach(async () => {
  await engine[Symbol.asyncDispose]();
  await registry[Symbol.asyncDispose]();
});

const env = (): Record<string, string> => ({ HOME: engine.directory });
const logIn = (stdin: string): ReturnType<FakeEngine["docker"]> => {
  // As wrangler calls it.
  const args = ["login", "--password-stdin", "--username", "user", registry.host];
  return engine.docker(args, { stdin, env: env() });
};

describe("docker login", () => {
  it("asks the registry and keeps the login, without showing it", async () => {
    const result = await logIn("secret");
    expect(result).toMatchObject({ exitCode: 0, stdout: "Login Succeeded\n" });
    expect(JSON.stringify(result)).not.toContain("secret");
    const text = await readFile(join(engine.directory, ".docker/config.json"), "utf8");
    expect(JSON.parse(text)).toEqual({ auths: { [registry.host]: { auth: btoa("user:secret") } } });
    expect(engine.seen).toEqual([]);
  });

  it("keeps nothing that the registry refuses", async () => {
    await rm(join(engine.directory, ".docker"), { recursive: true, force: true });
    const result = await logIn("wrong");
    expect(result).toMatchObject({
      exitCode: 1,
      stderr: expect.stringMatching(/\[REGISTRY_DENIED\] Cannot log in to 127/),
    });
    await expect(readFile(join(engine.directory, ".docker/config.json"))).rejects.toThrow("ENOENT");
  });

  it("says what is missing", async () => {
    const result = await engine.docker(["login", registry.host], { env: env() });
    expect(result).toMatchObject({
      exitCode: 1,
      stderr: expect.stringContaining("--password-stdin"),
    });
  });
});

describe("docker manifest inspect", () => {
  it("tells the digest that wrangler looks for, by the login that was kept", async () => {
    const blobs = new MemoryBlobs();
    const image = addImage(blobs, [bytesOf(10)]);
    const bytes = blobs.kept.get(image.manifest.digest) ?? Buffer.alloc(0);
    registry.manifests.set("1", { type: image.manifest.mediaType, bytes });
    await logIn("secret");
    const name = `${registry.host}/team/app:1`;
    const verbose = await engine.docker(["manifest", "inspect", "-v", name], { env: env() });
    expect(JSON.parse(verbose.stdout)).toMatchObject({
      Ref: `${name}@${image.manifest.digest}`,
      Descriptor: { digest: image.manifest.digest, size: bytes.length },
      OCIManifest: { layers: [{ size: 10 }] },
    });
    const plain = await engine.docker(["manifest", "inspect", name], { env: env() });
    expect(JSON.parse(plain.stdout)).toEqual(JSON.parse(bytes.toString()));
  });
});
