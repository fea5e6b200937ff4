import { once } from "node:events";
import { readdir } from "node:fs/promises";
import { join } from "node:path";
import { createInterface } from "node:readline";
import { afterAll, beforeAll, beforeEach, describe, expect, it } from "vitest";

import {
  hasRegistry,
  startRealRegistry,
  type RealRegistry,
} from "../images/registry/docker-registry.ts";
import { ImagesFixture, type Ran, type RunOptions } from "./images/berth-images.ts";
import { startStallingRegistry } from "./images/stalling-registry.ts";

let fixture: ImagesFixture;
let registry: RealRegistry;

const berth = (args: readonly string[], options?: RunOptions): Promise<Ran> =>
  fixture.run(args, options);

/** The fields of reports that tests look at. */
interface Report {
  readonly digest: string;
  readonly uri: string;
  readonly tags: readonly string[];
  readonly layers: readonly unknown[];
  readonly images: readonly unknown[];
  readonly freedBytes: number;
}

async function json(args: readonly string[], options?: RunOptions): Promise<Report> {
  const { exitCode, stdout, stderr } = await berth([...args, "--json"], options);
  expect(exitCode, stderr).toBe(0);
  return JSON.parse(stdout) as Report;
}

describe("berth images", () => {
  beforeEach((context) => context.skip(!hasRegistry, "docker-registry is not installed"));

  beforeAll(async () => {
    if (!hasRegistry) return;
    fixture = await ImagesFixture.create();
    registry = await startRealRegistry();
  });

  afterAll(async () => {
    await registry?.[Symbol.asyncDispose]();
    await fixture?.[Symbol.asyncDispose]();
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
    expect(again.uri).toBe(`${registry.host}/app@${again.digest}`);
    const answer = await fetch(`http://${again.uri.replace("/app@", "/v2/app/manifests/")}`, {
      headers: { Accept: "application/vnd.oci.image.manifest.v1+json" },
    });
    expect(answer.headers.get("docker-content-digest")).toBe(again.digest);
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
    expect(remote.layers).toHaveLength(1);
  });

  it("pulls into another store what was pushed, and saves it as it was", async () => {
    const tag = `${registry.host}/app:1`;
    const pulled = await json(["pull", tag, "-t", "mine:1"], { store: "other" });
    expect(pulled.tags.toSorted()).toEqual([tag, "mine:1"].toSorted());
    const out = join(fixture.root, "saved.tar");
    const saved = await json(["save", "mine:1", "-o", out], { store: "other" });
    expect(saved.digest).toBe(pulled.digest);
    const loaded = await json(["load", out], { store: "third" });
    expect(loaded.images).toMatchObject([{ tags: ["mine:1", tag].toSorted() }]);
  });

  it("builds the same digest in another store", async () => {
    const tag = `${registry.host}/app:1`;
    const [one, two] = await Promise.all([
      json(["build", "-t", tag, "."], { store: "fresh" }),
      json(["inspect", tag, "--remote"]),
    ]);
    expect(one.digest).toBe(two.digest);
  });

  it("refuses before it pushes what does not fit", async () => {
    const tag = `${registry.host}/large:1`;
    const args = ["build", "-t", tag, "-p", "--disk-limit", "1MB", "."];
    const refused = await berth(args, { store: "large" });
    expect(refused.exitCode).toBe(1);
    expect(refused.stderr).toMatch(/\[IMAGE_TOO_LARGE\][\s\S]*\/srv\/noise/);
    expect((await berth(["list", "--remote", registry.host])).stdout).not.toContain("/large");
  });

  it("deletes from the store, and prunes what that leaves", async () => {
    const tag = `${registry.host}/app:1`;
    const deleted = await berth(["delete", tag]);
    expect(deleted).toMatchObject({ exitCode: 0, stdout: `deleted ${tag} from the store\n` });
    expect(await json(["list"])).toEqual({ kind: "store", images: [] });
    const dry = await json(["prune", "--unused-for", "0s"]);
    expect(dry.freedBytes).toBeGreaterThan(ImagesFixture.noiseBytes);
    expect(await json(["prune", "--unused-for", "0s", "--yes"])).toMatchObject({
      freedBytes: dry.freedBytes,
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
  ] as const)("ends %j with %d and a message", async (args, exitCode, message) => {
    const ran = await berth(args);
    expect(ran.stderr).toMatch(message);
    expect(ran).toMatchObject({ exitCode, stdout: "" });
  });

  it("shows bars on a terminal, and none in CI", async () => {
    const push = ["push", "mine:1", `${registry.host}/bars:1`];
    await berth(["build", "-t", "mine:1", "."], { store: "bars" });
    const options = { store: "bars", env: { CI: "" } };
    const shown = await fixture.runOnTerminal(push, options);
    expect(shown).toMatch(/push [0-9a-f]{12} \[={24}\] done, 30\d kB/);
    expect(shown.lastIndexOf("\u001B[?25h")).toBeGreaterThan(shown.lastIndexOf("\u001B[?25l"));
    const lines = await fixture.runOnTerminal(push, { store: "bars" });
    expect(lines).toMatch(/^push [0-9a-f]{12}: already there\r$/m);
    expect(lines).not.toContain("\u001B[");
  });

  it.each(["upload", "download"] as const)(
    "ends a stalled %s at Ctrl-C, and leaves nothing half",
    async (direction) => {
      await using stalling = await startStallingRegistry(registry.host, direction);
      const store = `stalled-${direction}`;
      const tag = `${stalling.host}/stalled:1`;
      await berth(["build", "-t", "mine:1", "."], { store });
      if (direction === "download") {
        await berth(["push", "mine:1", `${registry.host}/stalled:1`], { store });
      }
      const into = direction === "download" ? `${store}-into` : store;
      const args = direction === "download" ? ["pull", tag] : ["push", "mine:1", tag];
      const before = await json(["list"], { store: into });
      const child = fixture.start(args, { store: into });
      const lines = createInterface({ input: child.stderr ?? process.stdin });
      const said: string[] = [];
      lines.on("line", (line) => {
        said.push(line);
        if (/^(push|pull) [0-9a-f]{12}: (?!done).*30\d kB$/.test(line)) child.kill("SIGINT");
      });
      expect(await once(child, "close")).toEqual([130, null]);
      expect(said.at(-1)).toBe("berth: interrupted; nothing was left half written");
      expect(await json(["list"], { store: into })).toEqual(before);
      const drafts = join(fixture.root, into, "blobs/drafts");
      expect(await readdir(drafts)).toEqual([]);
    },
  );
});
