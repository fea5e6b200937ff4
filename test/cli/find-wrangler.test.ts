import { existsSync } from "node:fs";
import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";

import { findWrangler, isNewEnough } from "../../src/cli/find-wrangler.ts";
import { readContainerConfigs } from "../../src/cli/wrangler-config.ts";

const repository = new URL("../..", import.meta.url).pathname;

describe("isNewEnough()", () => {
  it.each([
    ["20.20.0", false],
    ["22.11.9", false],
    ["22.12.0", true],
    ["24.0.0", true],
  ])("tells of Node %s: %s", (version, expected) => {
    expect(isNewEnough(version)).toBe(expected);
  });
});

describe("findWrangler()", () => {
  it("finds the project's own, with a Node that can run it", async () => {
    const wrangler = await findWrangler(repository);
    expect(wrangler.script).toBe(join(repository, "node_modules/wrangler/bin/wrangler.js"));
    expect(existsSync(wrangler.module)).toBe(true);
    expect(existsSync(wrangler.node)).toBe(true);
  });
});

describe("readContainerConfigs()", () => {
  let directory: string;
  beforeAll(async () => {
    directory = await mkdtemp(join(tmpdir(), "berth-config-"));
    await writeFile(join(directory, "Dockerfile"), "FROM node\n");
    const containers = [
      { class_name: "App", image: "./Dockerfile", instance_type: "basic" },
      { class_name: "Custom", image: "./Dockerfile", instance_type: { vcpu: 2, memory_mib: 6144 } },
    ];
    const config = {
      name: "w",
      main: "w.js",
      compatibility_date: "2026-08-01",
      containers,
      durable_objects: {
        bindings: containers.map(({ class_name }) => ({ name: class_name, class_name })),
      },
      migrations: [{ tag: "v1", new_sqlite_classes: ["App", "Custom"] }],
    };
    await writeFile(join(directory, "wrangler.json"), JSON.stringify(config));
    await writeFile(join(directory, "broken.json"), "{");
  });
  afterAll(() => rm(directory, { recursive: true, force: true }));

  it.each([[[]], [["-c", "wrangler.json"]], [["--config=wrangler.json", "--port", "1"]]])(
    "asks wrangler for the containers with %j",
    async (args) => {
      const wrangler = await findWrangler(repository);
      const image = join(directory, "Dockerfile");
      expect(await readContainerConfigs(wrangler, args, directory)).toEqual([
        { className: "App", image, size: { memoryBytes: 2 ** 30, vcpu: 0.25, diskBytes: 4e9 } },
        { className: "Custom", image, size: { memoryBytes: 6 * 2 ** 30, vcpu: 2, diskBytes: 2e9 } },
      ]);
    },
  );

  it("leaves it to wrangler to complain of a configuration that cannot be read", async () => {
    const wrangler = await findWrangler(repository);
    expect(await readContainerConfigs(wrangler, ["-c", "broken.json"], directory)).toBeUndefined();
  });
});
