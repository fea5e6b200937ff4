import { execFile } from "node:child_process";
import { once } from "node:events";
import { mkdir, mkdtemp, rm, writeFile } from "node:fs/promises";
import { createServer, type Server } from "node:http";
import type { AddressInfo } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { promisify } from "node:util";
import { afterAll, beforeAll, describe, expect, it } from "vitest";

import { startEngine, type Engine } from "../../src/engine/start-engine.ts";
import {
  hasRegistry,
  HTPASSWD,
  startRealRegistry,
  type RealRegistry,
} from "../images/registry/docker-registry.ts";

const ACCOUNT_ID = "0123456789abcdef0123456789abcdef";
const wrangler = join(import.meta.dirname, "../../node_modules/wrangler/bin/wrangler.js");

describe.skipIf(!hasRegistry)("wrangler containers (skipped without docker-registry)", () => {
  let root: string;
  let engine: Engine;
  let registry: RealRegistry;
  let cloudflare: Server;

  beforeAll(async () => {
    root = await mkdtemp(join(tmpdir(), "berth-wrangler-"));
    await mkdir(join(root, "context"));
    await writeFile(join(root, "context/file"), "text");
    await writeFile(join(root, "context/Dockerfile"), "FROM scratch\nCOPY file /\n");
    registry = await startRealRegistry({ htpasswd: `${HTPASSWD}\n` });
    engine = await startEngine({ imagesDir: join(root, "images"), warmPods: 0 });
    cloudflare = serveCloudflare();
    await once(cloudflare, "listening");
  });
  afterAll(async () => {
    cloudflare.closeAllConnections();
    cloudflare.close();
    await engine[Symbol.asyncDispose]();
    await registry[Symbol.asyncDispose]();
    await rm(root, { recursive: true, force: true });
  });

  async function run(program: string, ...args: readonly string[]): Promise<string> {
    const env = {
      ...process.env,
      ...engine.env,
      HOME: root,
      CLOUDFLARE_API_BASE_URL: `http://127.0.0.1:${(cloudflare.address() as AddressInfo).port}`,
      CLOUDFLARE_API_TOKEN: "token",
      CLOUDFLARE_ACCOUNT_ID: ACCOUNT_ID,
      CLOUDFLARE_CONTAINER_REGISTRY: registry.host,
      WRANGLER_SEND_METRICS: "false",
      CI: "1",
    };
    return (await promisify(execFile)(program, args, { env, cwd: root })).stdout;
  }

  it("builds and pushes by the embedded engine, with wrangler's own commands", async () => {
    const containers = [wrangler, "containers"];
    // A tag that is a number would be a port to wrangler.
    await run(process.execPath, ...containers, "build", "-t", "first:v1", "-p", "context");
    await run(engine.dockerBin, "tag", "first:v1", "second:v1");
    expect(await run(process.execPath, ...containers, "push", "second:v1")).toContain(
      `Pushed image: ${registry.host}/${ACCOUNT_ID}/second:v1`,
    );
    for (const name of ["first", "second"]) {
      const pushed = `${registry.host}/${ACCOUNT_ID}/${name}:v1`;
      const manifest: unknown = JSON.parse(
        await run(engine.dockerBin, "manifest", "inspect", "-v", pushed),
      );
      expect(manifest).toMatchObject({ OCIManifest: { layers: [{ size: expect.any(Number) }] } });
    }
  });
});

/** As much of Cloudflare's API as wrangler asks for around a push. */
function serveCloudflare(): Server {
  const limits = { disk_mb_per_deployment: 2000, memory_mib_per_deployment: 400 };
  const account = { external_account_id: ACCOUNT_ID, limits, defaults: {} };
  return createServer((request, response) => {
    const isLogin = request.url?.endsWith("/credentials") === true;
    const login = { username: "testuser", password: "testpassword" };
    response.setHeader("Content-Type", "application/json");
    const result = isLogin ? login : account;
    response.end(JSON.stringify({ success: true, errors: [], messages: [], result }));
  }).listen(0, "127.0.0.1");
}
