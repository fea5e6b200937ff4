import { mkdir, mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";

import { EditLoop, type BuiltImage } from "../../src/cli/edit-loop.ts";

let root: string;
let loop: EditLoop;
let rebuilt: BuiltImage[];
let said: string[];
let fails: boolean;
const build = (change: Partial<BuiltImage> = {}): BuiltImage => ({
  tag: "cloudflare-dev/app:1",
  dockerfile: "FROM node\n",
  contextDir: join(root, "context"),
  buildArgs: { A: "1" },
  ...change,
});

beforeEach(async () => {
  root = await mkdtemp(join(tmpdir(), "berth-edit-"));
  for (const name of ["node_modules", ".wrangler", "logs", "src"]) {
    await mkdir(join(root, "context", name), { recursive: true });
  }
  await writeFile(join(root, "context/.dockerignore"), "logs\n");
  await writeFile(join(root, "context/Dockerfile"), "FROM node\n");
  rebuilt = [];
  said = [];
  fails = false;
  loop = new EditLoop({
    rebuild: async (request) => {
      rebuilt.push({ ...request });
      if (fails) throw new Error("[RUN_FAILED] line 2");
      return { isChanged: true, endedContainers: ["one"] };
    },
    dockerfilePaths: () => [join(root, "elsewhere/Dockerfile")],
    say: (text) => said.push(text),
  });
});
afterEach(async () => {
  await loop.close();
  await rm(root, { recursive: true, force: true });
});

const isRebuilt = (count: number): Promise<void> =>
  vi.waitFor(() => expect(rebuilt).toHaveLength(count), { timeout: 5_000, interval: 20 });
const edit = (name: string, text: string): Promise<void> => writeFile(join(root, name), text);

describe("EditLoop", () => {
  it("rebuilds under the same tag when a source changes, and says so", async () => {
    await loop.follow(build());
    await edit("context/src/a.js", "1");
    await isRebuilt(1);
    expect(rebuilt[0]).toEqual(build());
    await vi.waitFor(() =>
      expect(said).toEqual([
        "sources changed: rebuilt cloudflare-dev/app:1, replacing 1 running instance",
      ]),
    );
  });

  it("ignores what .dockerignore excludes, and the directories of tools", async () => {
    await loop.follow(build());
    await edit("context/logs/x", "1");
    await edit("context/node_modules/x", "1");
    await edit("context/.wrangler/x", "1");
    await edit("context/src/last.js", "1"); // seen after the others, so they were seen too
    await isRebuilt(1);
    expect(rebuilt).toHaveLength(1);
  });

  it("takes the Dockerfile's new text, in the context or elsewhere", async () => {
    await mkdir(join(root, "elsewhere"));
    await edit("elsewhere/Dockerfile", "FROM other\n");
    await loop.follow(build());
    await loop.follow(build({ tag: "cloudflare-dev/two:1", dockerfile: "FROM other\n" }));
    await edit("elsewhere/Dockerfile", "FROM other\nCMD x\n");
    await isRebuilt(2); // both are of one context
    expect(rebuilt.map(({ dockerfile }) => dockerfile)).toEqual([
      "FROM node\n",
      "FROM other\nCMD x\n",
    ]);
    await edit("context/Dockerfile", "FROM node\nCMD y\n");
    await isRebuilt(4);
    expect(rebuilt[2]).toEqual(build({ dockerfile: "FROM node\nCMD y\n" }));
  });

  it("rebuilds the newest build of an image only", async () => {
    await loop.follow(build());
    await loop.follow(build({ tag: "cloudflare-dev/app:2" }));
    await edit("context/src/a.js", "1");
    await isRebuilt(1);
    expect(rebuilt[0]?.tag).toBe("cloudflare-dev/app:2");
  });

  it("says why a build failed, and goes on", async () => {
    fails = true;
    await loop.follow(build());
    await edit("context/src/a.js", "1");
    await vi.waitFor(() => expect(said.join()).toContain("the build failed: [RUN_FAILED] line 2"));
    fails = false;
    await edit("context/src/a.js", "2");
    await isRebuilt(2);
  });
});
