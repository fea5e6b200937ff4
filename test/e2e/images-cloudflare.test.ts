import { readFile, symlink, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { afterAll, beforeAll, beforeEach, describe, expect, it } from "vitest";

import {
  ACCOUNT_ID,
  REGISTRY_HTPASSWD,
  startCloudflareApi,
  type CloudflareApi,
} from "../cli/deploy/cloudflare-api.ts";
import {
  hasRegistry,
  startRealRegistry,
  type RealRegistry,
} from "../images/registry/docker-registry.ts";
import { ImagesFixture } from "./images/berth-images.ts";
import { REPOSITORY } from "./project.ts";

let fixture: ImagesFixture;
let registry: RealRegistry;
let api: CloudflareApi;

describe("berth images and Cloudflare's registry", () => {
  beforeEach((context) => context.skip(!hasRegistry, "docker-registry is not installed"));
  beforeAll(async () => {
    if (!hasRegistry) return;
    fixture = await ImagesFixture.create();
    registry = await startRealRegistry({ htpasswd: REGISTRY_HTPASSWD });
    api = await startCloudflareApi(registry.host);
    await symlink(join(REPOSITORY, "node_modules"), join(fixture.projectDir, "node_modules"));
  });

  afterAll(async () => {
    await api?.[Symbol.asyncDispose]();
    await registry?.[Symbol.asyncDispose]();
    await fixture?.[Symbol.asyncDispose]();
  });

  it("pushes a name without a registry to the account's, by wrangler's login, and writes it", async () => {
    const config = join(fixture.projectDir, "wrangler.jsonc");
    await writeFile(
      config,
      '{\n  // mine\n  "name": "w",\n  "containers": [{ "class_name": "A", "image": "./Dockerfile" }]\n}\n',
    );
    const args = ["build", "-p", "-t", "app:1", "--write", "."];
    const ran = await fixture.run(args, { env: api.env });
    expect(ran.exitCode, ran.stderr).toBe(0);
    const repository = `${registry.host}/${ACCOUNT_ID}/app`;
    expect(ran.stdout).toContain(`pushed  ${repository}:1\n`);
    const uri = /^uri +(.*)$/m.exec(ran.stdout)?.[1];
    expect(uri).toMatch(/@sha256:[0-9a-f]{64}$/);
    const written = await readFile(config, "utf8");
    expect(written).toContain("// mine");
    expect(written).toContain(`"image": "${uri}"`);
    expect(ran.stderr + ran.stdout).not.toMatch(/password/i);
  });

  it("refuses to delete what the configuration uses", async () => {
    const ran = await fixture.run(["delete", "--remote", "app:1"], { env: api.env });
    expect(ran.exitCode).toBe(1);
    expect(ran.stderr).toMatch(/\[IMAGE_IN_USE\][\s\S]*wrangler\.jsonc, container A/);
  });

  it("prunes of a repository what neither a version nor the keep file needs", async () => {
    const repository = `${registry.host}/${ACCOUNT_ID}/web`;
    const env = api.env;
    const run = async (...args: string[]): Promise<string> => {
      const ran = await fixture.run(args, { env });
      expect(ran.exitCode, ran.stderr).toBe(0);
      return ran.stdout;
    };
    await run("build", "-p", "-t", "web:1", ".");
    const keepFile = join(fixture.root, "keep");
    await writeFile(keepFile, `${repository}:1 # production\n`);
    const prune = ["prune", "--remote", "web", "--keep-file", keepFile];
    expect(await run(...prune, "--yes")).toContain(`kept ${repository}:1: `);
    await writeFile(keepFile, "# nothing\n");
    expect(await run(...prune, "--yes")).toContain(`deleted from ${repository}:`);
    expect(await run("list", "--remote", "web")).toBe("");
  });
});
