import { mkdtemp, readdir, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { afterEach, beforeEach, describe, expect, it } from "vitest";

import { writePinnedConfig } from "../../../src/cli/deploy/pinned-config.ts";

const uri = `registry.cloudflare.com/0123/app@sha256:${"a".repeat(64)}`;
const text = `{
  // kept
  "containers": [{ "class_name": "App", "image": "./Dockerfile" }],
  "env": { "staging": { "containers": [{ "class_name": "App", "image": "./Dockerfile" }] } }
}
`;

describe("writePinnedConfig()", () => {
  let directory: string;
  let configPath: string;
  beforeEach(async () => {
    directory = await mkdtemp(join(tmpdir(), "berth-pinned-"));
    configPath = join(directory, "wrangler.jsonc");
    await writeFile(configPath, text);
  });
  afterEach(() => rm(directory, { recursive: true, force: true }));
  const pin = (envName?: string) =>
    writePinnedConfig({ configPath, envName, images: [{ index: 0, imageName: undefined, uri }] });

  it("stands beside the project's own, says the pinned image, and goes away", async () => {
    {
      await using pinned = await pin();
      expect(dirname(pinned.path)).toBe(directory);
      expect(await readFile(pinned.path, "utf8")).toBe(text.replace("./Dockerfile", uri));
      expect(await readdir(directory)).toHaveLength(2);
    }
    expect(await readdir(directory)).toEqual(["wrangler.jsonc"]);
    expect(await readFile(configPath, "utf8")).toBe(text);
  });

  it("pins the environment that is deployed, or the top level when there is none", async () => {
    await using staging = await pin("staging");
    expect((await readFile(staging.path, "utf8")).indexOf(uri)).toBeGreaterThan(
      text.indexOf("staging"),
    );
    await using unknown = await pin("unknown");
    expect(await readFile(unknown.path, "utf8")).toBe(text.replace("./Dockerfile", uri));
  });

  it("brings what wrangler wrote to it to the project's own, without the pins", async () => {
    {
      await using pinned = await pin();
      const written = (await readFile(pinned.path, "utf8")).replace(
        "// kept",
        '// kept\n  "kv_namespaces": [{ "binding": "KV", "id": "made" }],',
      );
      await writeFile(pinned.path, written);
    }
    expect(await readFile(configPath, "utf8")).toBe(
      text.replace("// kept", '// kept\n  "kv_namespaces": [{ "binding": "KV", "id": "made" }],'),
    );
  });

  it("overwrites no edit that was made meanwhile, and says what is lost else", async () => {
    const pinned = await pin();
    await writeFile(pinned.path, '{ "name": "made", "containers": [{}] }');
    await writeFile(configPath, "{}");
    await expect(pinned[Symbol.asyncDispose]()).rejects.toThrow(/changed meanwhile[^]*"made"/);
    expect(await readFile(configPath, "utf8")).toBe("{}");
    expect(await readdir(directory)).toEqual(["wrangler.jsonc"]);
  });

  it("removes what a killed deployment left, and not what another uses", async () => {
    const abandoned = ".berth-deploy-4194305-00ff.jsonc"; // no process has so high a number
    const used = `.berth-deploy-${process.ppid}-00ff.jsonc`;
    await writeFile(join(directory, abandoned), "{}");
    await writeFile(join(directory, used), "{}");
    {
      await using pinned = await pin();
      expect(await readdir(directory)).toHaveLength(3);
      expect(pinned.path).not.toContain("00ff");
    }
    expect(await readdir(directory)).toEqual([used, "wrangler.jsonc"]);
  });

  it("refuses a container that the file does not have", async () => {
    const images = [{ index: 3, imageName: undefined, uri }];
    const writing = writePinnedConfig({ configPath, envName: undefined, images });
    await expect(writing).rejects.toThrow("it has no image at containers[3]");
    expect(await readdir(directory)).toEqual(["wrangler.jsonc"]);
  });
});
