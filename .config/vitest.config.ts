import { cloudflareTest } from "@cloudflare/vitest-pool-workers";
import { defineConfig, type TestProjectInlineConfiguration } from "vitest/config";
import { simulation } from "../src/testing/simulation/simulation-plugin.ts";
import { SummaryReporter } from "./summary-reporter.ts";

const root = new URL("..", import.meta.url).pathname;

/** A project whose test files run in Node, from the folders of test/ that it names. */
function nodeProject(
  name: string,
  folders: readonly string[],
  test: TestProjectInlineConfiguration["test"] = {},
): TestProjectInlineConfiguration {
  const include = folders.map((folder) => `test/${folder}/**/*.test.ts`);
  const exclude = isFull ? [] : LONG;
  return { root, test: { name, include, exclude, environment: "node", ...test } };
}

/** What takes longest: left to `npm run test:full`, or `BERTH_TESTS=full`. */
const LONG = [
  "e2e/deploy",
  "e2e/frameworks",
  "e2e/images-cloudflare",
  "e2e/recovery",
  "e2e/scale",
  "e2e/terminal",
  "e2e/wrangler-push",
  "images/oci/large-layers",
  "images/registry/real-dockerd",
].map((name) => `test/${name}.test.ts`);
const isFull = process.env["BERTH_TESTS"] === "full";

export default defineConfig({
  root,
  test: {
    maxWorkers: 2,
    silent: "passed-only",
    reporters: ["default", new SummaryReporter()],
    projects: [
      nodeProject("core", ["core", "errors", "images", "cli", "docker", "testing"], {
        testTimeout: 15_000,
        isolate: false, // nothing here outlives its test, and loading the modules takes a third of the time
      }),
      {
        root,
        plugins: [cloudflareTest({ wrangler: { configPath: "./wrangler.jsonc" } })],
        test: { name: "worker", include: ["test/worker/**/*.test.ts"], testTimeout: 15_000 },
      },
      { ...nodeProject("sim", ["sim"], { testTimeout: 30_000 }), plugins: [simulation()] },
      nodeProject("house", ["house"], {
        testTimeout: 60_000,
        globalSetup: ["./.config/fresh-dist.ts"],
      }),
      nodeProject("engine", ["engine"], {
        pool: "forks",
        testTimeout: 30_000,
        hookTimeout: 30_000,
      }),
      nodeProject("e2e", ["e2e"], {
        pool: "forks",
        maxWorkers: 3, // they mostly wait for servers to start
        sequence: { groupOrder: 1 },
        maxConcurrency: 12, // of tests that say that they are: most wait for what does not happen
        testTimeout: 120_000,
        hookTimeout: 120_000,
        globalSetup: ["./.config/fresh-dist.ts"],
      }),
    ],
  },
});
