import { readFile, symlink, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";

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

describe.skipIf(!hasRegistry)(
  "berth images and Cloudflare's registry (needs docker-registry)",
  () => {
    beforeAll(async () => {
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
  },
);
