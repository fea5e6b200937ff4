import { execFile } from "node:child_process";
import { mkdir, mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { promisify } from "node:util";
import { afterAll, beforeAll, describe, expect, it } from "vitest";

import { dockerCredentials } from "../../../src/images/registry/docker-credentials.ts";
import { startEngine, type Engine } from "../../../src/engine/start-engine.ts";
import {
  hasRegistry,
  HTPASSWD,
  startRealRegistry,
  type RealRegistry,
} from "../../images/registry/docker-registry.ts";

const run = promisify(execFile);

describe.skipIf(!hasRegistry)("docker push and pull (skipped without docker-registry)", () => {
  let root: string;
  let engine: Engine;
  let registry: RealRegistry;
  let env: NodeJS.ProcessEnv;

  beforeAll(async () => {
    root = await mkdtemp(join(tmpdir(), "berth-push-"));
    await mkdir(join(root, "context"));
    await writeFile(join(root, "context/file"), "text");
    await writeFile(join(root, "context/Dockerfile"), 'FROM scratch\nCOPY file /\nCMD ["/x"]\n');
    registry = await startRealRegistry({ htpasswd: `${HTPASSWD}\n` });
    engine = await startEngine({
      imagesDir: join(root, "images"),
      warmPods: 0,
      registry: { credentials: dockerCredentials({ env: {}, homeDir: root }) },
    });
    env = { ...process.env, ...engine.env, HOME: root };
  });
  afterAll(async () => {
    await engine[Symbol.asyncDispose]();
    await registry[Symbol.asyncDispose]();
    await rm(root, { recursive: true, force: true });
  });

  async function docker(...args: readonly string[]): Promise<string> {
    return (await run(engine.dockerBin, args, { env })).stdout.trim();
  }

  it("move an image by the login that docker login kept", async () => {
    const name = `${registry.host}/team/app:1`;
    await docker("build", "--load", "-t", name, join(root, "context"));
    await expect(docker("push", name)).rejects.toThrow(/REGISTRY_DENIED.*docker login/);
    const login = run(
      engine.dockerBin,
      ["login", "--password-stdin", "--username", "testuser", registry.host],
      { env },
    );
    login.child.stdin?.end("testpassword");
    await login;
    const digest = /^1: digest: (sha256:\w+) size: \d+$/.exec(await docker("push", name))?.[1];
    const manifest: unknown = JSON.parse(await docker("manifest", "inspect", "-v", name));
    expect(manifest).toMatchObject({ Descriptor: { digest } });

    await docker("image", "rm", name);
    expect(await docker("images", "-q")).toBe("");
    await docker("pull", name);
    const format = "{{json .Config.Cmd}} {{json .RepoTags}}";
    expect(await docker("image", "inspect", name, "--format", format)).toBe(`["/x"] ["${name}"]`);
  });
});
