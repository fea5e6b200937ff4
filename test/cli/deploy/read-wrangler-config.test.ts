import { mkdir, mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";

import { readDeployConfig } from "../../../src/cli/deploy/read-wrangler-config.ts";
import { findWrangler } from "../../../src/cli/find-wrangler.ts";

const repository = new URL("../../..", import.meta.url).pathname;

// wrangler takes its time to load on a busy machine.
describe("readDeployConfig()", { timeout: 60_000 }, () => {
  let directory: string;
  beforeAll(async () => {
    directory = await mkdtemp(join(tmpdir(), "berth-deploy-config-"));
    for (const name of ["app", "context", ".wrangler/deploy", "built"]) {
      await mkdir(join(directory, name), { recursive: true });
    }
    await writeFile(join(directory, "app", "Dockerfile"), "FROM scratch\n");
    const put = (name: string, containers: readonly object[]): Promise<void> =>
      writeFile(join(directory, name), JSON.stringify({ name: "worker", containers }));
    await put("wrangler.json", [
      { class_name: "Reference", image: "docker.io/library/app:1" },
      {
        class_name: "App",
        image: "./app/Dockerfile",
        image_build_context: "./context",
        image_vars: { A: "1" },
        instance_type: "standard-1",
      },
      {
        class_name: "Jobs",
        name: "jobs",
        scheduling_policy: "durable_object",
        images: {
          one: { dockerfile: "./app/Dockerfile", build_vars: { B: "2" } },
          two: { image: `registry.cloudflare.com/0123/two@sha256:${"a".repeat(64)}` },
        },
      },
    ]);
    await put("built/wrangler.json", [{ class_name: "Built", image: "../app/Dockerfile" }]);
    await put("broken.json", [{ class_name: "App", image: "./None" }]);
  });
  afterAll(() => rm(directory, { recursive: true, force: true }));

  it("reads each Dockerfile as wrangler understands it", async () => {
    const config = await readDeployConfig(await findWrangler(repository), [], directory);
    const dockerfilePath = join(directory, "app", "Dockerfile");
    expect(config).toMatchObject({
      configPath: join(directory, "wrangler.json"),
      workerName: "worker",
      images: [
        {
          ...{ index: 1, className: "App", imageName: undefined, repository: "worker-app" },
          ...{ dockerfilePath, contextDir: join(directory, "context"), buildArgs: { A: "1" } },
          ...{ instanceType: "standard-1", diskBytes: 8e9 },
        },
        {
          ...{ index: 2, className: "Jobs", imageName: "one", repository: "worker-jobs-one" },
          ...{ dockerfilePath, contextDir: join(directory, "app"), buildArgs: { B: "2" } },
          ...{ instanceType: "the largest instance", diskBytes: 20e9 },
        },
      ],
    });
    expect(config.images).toHaveLength(2);
  });

  it("follows the redirection that a build tool leaves", async () => {
    const redirection = join(directory, ".wrangler", "deploy", "config.json");
    await writeFile(redirection, JSON.stringify({ configPath: "../../built/wrangler.json" }));
    const config = await readDeployConfig(await findWrangler(repository), [], directory);
    expect(config.configPath).toBe(join(directory, "built", "wrangler.json"));
    expect(config.images.map(({ className }) => className)).toEqual(["Built"]);
  });

  it("says what wrangler finds wrong in a configuration", async () => {
    const wrangler = await findWrangler(repository);
    const reading = readDeployConfig(wrangler, ["-c", "broken.json"], directory);
    await expect(reading).rejects.toThrow("does not appear to be a valid path to a Dockerfile");
    await expect(reading).rejects.toMatchObject({ code: "WRANGLER_FAILED" });
  });

  it("refuses several configurations", async () => {
    const wrangler = await findWrangler(repository);
    const reading = readDeployConfig(wrangler, ["-c", "a", "--config", "b"], directory);
    await expect(reading).rejects.toThrow("[BAD_OPTION] Cannot deploy several configurations");
  });
});
