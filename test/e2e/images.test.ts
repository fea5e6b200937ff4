import { spawn } from "node:child_process";
import { once } from "node:events";
import { mkdir, mkdtemp, readdir, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { text } from "node:stream/consumers";
import { afterAll, beforeAll, describe, expect, it } from "vitest";

import {
  hasRegistry,
  startRealRegistry,
  type RealRegistry,
} from "../images/registry/docker-registry.ts";
import { REPOSITORY } from "./project.ts";

const CLI = join(REPOSITORY, "dist/cli.js");
const LAYER_BYTES = 300_000;

interface Ran {
  readonly exitCode: unknown;
  readonly stdout: string;
  readonly stderr: string;
}

interface RunOptions {
  readonly env?: NodeJS.ProcessEnv;
  readonly store?: string;
}

let root: string;
let registry: RealRegistry;

/** Runs `berth images …` in the project. */
async function berth(args: readonly string[], options: RunOptions = {}): Promise<Ran> {
  const child = spawn(process.execPath, [CLI, "images", ...args], {
    cwd: join(root, "project"),
    env: envOf(options),
    stdio: ["ignore", "pipe", "pipe"],
  });
  const output = Promise.all([text(child.stdout), text(child.stderr)]);
  const [exitCode]: unknown[] = await once(child, "close");
  const [stdout, stderr] = await output;
  return { exitCode, stdout, stderr };
}

/** Nobody's login or directories but the test's own. */
function envOf({ env, store = "store" }: RunOptions): NodeJS.ProcessEnv {
  const { PATH, TMPDIR } = process.env;
  const own = { HOME: root, BERTH_IMAGES_DIR: join(root, store), CI: "1" };
  return { PATH, ...(TMPDIR !== undefined && { TMPDIR }), ...own, ...env };
}

async function json(args: readonly string[], options?: RunOptions): Promise<Record<string, any>> {
  const { exitCode, stdout, stderr } = await berth([...args, "--json"], options);
  expect(exitCode, stderr).toBe(0);
  return JSON.parse(stdout);
}

describe.skipIf(!hasRegistry)("berth images (needs docker-registry)", () => {
  beforeAll(async () => {
    root = await mkdtemp(join(tmpdir(), "berth-e2e-images-"));
    registry = await startRealRegistry();
    await mkdir(join(root, "project/files"), { recursive: true });
    await writeFile(
      join(root, "project/Dockerfile"),
      'FROM scratch\nCOPY files /srv\nEXPOSE 8080\nENTRYPOINT ["/srv/app"]\n',
    );
    await writeFile(join(root, "project/files/app"), "#!/bin/sh\n", { mode: 0o755 });
    // What does not compress, so that bytes can be counted.
    let seed = 1;
    const noise = Buffer.alloc(LAYER_BYTES, 0).map(
      () => (seed = (seed * 48_271) % 0x7fffffff) & 255,
    );
    await writeFile(join(root, "project/files/noise"), noise);
  });

  afterAll(async () => {
    await registry?.[Symbol.asyncDispose]();
    if (root !== undefined) await rm(root, { recursive: true, force: true });
  });

  it("builds and pushes, and sends nothing the second time", async () => {
    const tag = `${registry.host}/app:1`;
    const first = await berth(["build", "-t", tag, "-p", "."]);
    expect(first.exitCode, first.stderr).toBe(0);
    expect(first.stdout).toMatch(/^digest {2}sha256:[0-9a-f]{64}$/m);
    expect(first.stdout).toContain(`pushed  ${tag}\n`);
    expect(first.stdout).toMatch(/^sent {4}30\d kB in 2 blobs, 0 already there$/m);
    expect(first.stderr).toMatch(/^push [0-9a-f]{12}: done, /m);

    const again = await json(["push", tag]);
    expect(again).toMatchObject({ sentBytes: 0, blobs: { sent: 0, present: 2 } });
    expect(again["uri"]).toBe(`${registry.host}/app@${again["digest"]}`);
    const answer = await fetch(`http://${again["uri"].replace("/app@", "/v2/app/manifests/")}`, {
      headers: { Accept: "application/vnd.oci.image.manifest.v1+json" },
    });
    expect(answer.headers.get("docker-content-digest")).toBe(again["digest"]);
  });

  it("lists and inspects what the store and the registry have", async () => {
    const tag = `${registry.host}/app:1`;
    expect(await json(["list"])).toMatchObject({ images: [{ tags: [tag] }] });
    expect((await berth(["list", "--remote", `${registry.host}/app`])).stdout).toBe(`${tag}\n`);
    expect((await berth(["list", "--remote", registry.host])).stdout).toContain("/app\n");
    const local = await berth(["inspect", tag, "--files"]);
    expect(local.stdout).toMatch(/^entrypoint +\["\/srv\/app"\]$/m);
    expect(local.stdout).toMatch(/^ +300 kB +\/srv\/noise +in /m);
    const remote = await json(["inspect", tag, "--remote"]);
    expect(remote).toMatchObject({ config: { architecture: "amd64", os: "linux" } });
    expect(remote["layers"]).toHaveLength(1);
  });

  it("pulls into another store what was pushed, and saves it as it was", async () => {
    const tag = `${registry.host}/app:1`;
    const pulled = await json(["pull", tag, "-t", "mine:1"], { store: "other" });
    expect(pulled["tags"].toSorted()).toEqual([tag, "mine:1"].toSorted());
    const out = join(root, "saved.tar");
    const saved = await json(["save", "mine:1", "-o", out], { store: "other" });
    expect(saved["digest"]).toBe(pulled["digest"]);
    const loaded = await json(["load", out], { store: "third" });
    expect(loaded["images"]).toMatchObject([{ tags: ["mine:1", tag].toSorted() }]);
  });

  it("builds the same digest in another store", async () => {
    const tag = `${registry.host}/app:1`;
    const [one, two] = await Promise.all([
      json(["build", "-t", tag, "."], { store: "fresh" }),
      json(["inspect", tag, "--remote"]),
    ]);
    expect(one["digest"]).toBe(two["digest"]);
  });

  it("refuses before it pushes what does not fit", async () => {
    const tag = `${registry.host}/large:1`;
    const refused = await berth(["build", "-t", tag, "-p", "--disk-limit", "1MB", "."]);
    expect(refused.exitCode).toBe(1);
    expect(refused.stderr).toMatch(/\[IMAGE_TOO_LARGE\][\s\S]*\/srv\/noise/);
    expect((await berth(["list", "--remote", registry.host])).stdout).not.toContain("/large");
  });

  it("deletes and prunes nothing that the keep file names", async () => {
    const keepFile = join(root, "keep");
    const tag = `${registry.host}/app:1`;
    await writeFile(keepFile, `${tag} # production\n`);
    const kept = await berth(["delete", "--remote", tag, "--keep-file", keepFile]);
    expect(kept.exitCode).toBe(1);
    expect(kept.stderr).toMatch(/\[IMAGE_IN_USE\]/);
    const prune = ["prune", "--remote", `${registry.host}/app`, "--keep-file", keepFile];
    expect(await json([...prune, "--yes"])).toMatchObject({ removed: [], kept: [{ name: tag }] });
    await writeFile(keepFile, "# nothing\n");
    expect(await json(prune)).toMatchObject({ isDryRun: true, removed: [{ name: tag }] });
    expect((await berth(["list", "--remote", `${registry.host}/app`])).stdout).toBe(`${tag}\n`);
    expect(await json([...prune, "--yes"])).toMatchObject({ isDryRun: false });
    expect((await berth(["list", "--remote", `${registry.host}/app`])).stdout).toBe("");
  });

  it("deletes from the store, and prunes what that leaves", async () => {
    const tag = `${registry.host}/app:1`;
    const deleted = await berth(["delete", tag]);
    expect(deleted).toMatchObject({ exitCode: 0, stdout: `deleted ${tag} from the store\n` });
    expect(await json(["list"])).toEqual({ kind: "store", images: [] });
    const dry = await json(["prune", "--unused-for", "0s"]);
    expect(dry["freedBytes"]).toBeGreaterThan(LAYER_BYTES);
    expect(await json(["prune", "--unused-for", "0s", "--yes"])).toMatchObject({
      freedBytes: dry["freedBytes"],
    });
    expect(await json(["prune", "--unused-for", "0s"])).toMatchObject({
      removed: [],
      freedBytes: 0,
    });
  });

  it.each([
    [["build"], 2, /missing required argument/],
    [["build", "--platform", "x", "."], 2, /\[BAD_OPTION\]/],
    [["nonsense"], 2, /unknown command/],
    [["inspect", "nothing"], 1, /^berth: \[NO_SUCH_IMAGE\] [^\n]*\n$/],
    [["pull", "127.0.0.1:1/app"], 1, /^berth: \[REGISTRY_UNREACHABLE\] [^\n]*\n$/m],
  ] as const)("ends %j with %d and a message", async (args, exitCode, message) => {
    const ran = await berth(args);
    expect(ran.stderr).toMatch(message);
    expect(ran).toMatchObject({ exitCode, stdout: "" });
  });
});
