import { spawn } from "node:child_process";
import { once } from "node:events";
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import { eventually } from "./eventually.ts";
import { berthDev, berthEngine, startDevServer } from "./dev-server.ts";
import { HostWatch } from "./host-state.ts";
import { skipWithoutNamespaces } from "./obstacle.ts";
import { createProject, REPOSITORY, type Project } from "./project.ts";
import { askTwo, expectTwoInstances } from "./two-sessions.ts";

skipWithoutNamespaces();

const bin = (name: string): string => join(REPOSITORY, "node_modules", name);

/** Runs a command to its end. */
async function run(
  [file, ...args]: readonly [string, ...string[]],
  project: Project,
): Promise<{ readonly exitCode: unknown; readonly output: string }> {
  const env = { ...process.env, ...project.env, CI: "true", WRANGLER_SEND_METRICS: "false" };
  const child = spawn(file, args, { cwd: project.path, env, stdio: ["ignore", "pipe", "pipe"] });
  let output = "";
  for (const stream of [child.stdout, child.stderr]) {
    stream.on("data", (chunk: Buffer) => (output += chunk.toString()));
  }
  const [exitCode]: unknown[] = await once(child, "close");
  return { exitCode, output };
}

describe("berth dev", () => {
  it("serves the quickstart to two sessions, from wrangler.jsonc", async () => {
    await using project = await createProject("examples/quickstart");
    await using server = await startDevServer({
      command: berthDev(),
      cwd: project.path,
      env: project.env,
    });
    expectTwoInstances(
      await askTwo(server.url, (session) => ({
        method: "POST",
        headers: { "content-type": "application/json" },
        body: JSON.stringify({ "session-id": session }),
      })),
    );
    const [byHeader] = await askTwo(server.url, (session) => ({
      headers: { "session-id": session },
    }));
    expect(byHeader).toMatchObject({ requests: expect.any(Number) });
  });
});

describe("berth engine", () => {
  it.each(["wrangler.jsonc", "wrangler.toml"])(
    "lets wrangler deploy --dry-run accept the quickstart's %s",
    async (config) => {
      await using project = await createProject("examples/quickstart");
      const wrangler = bin("wrangler/bin/wrangler.js");
      const command = [process.execPath, wrangler, "deploy", "--dry-run", "--config", config];
      const { exitCode, output } = await run(berthEngine(...command), project);
      expect(output).toContain("--dry-run: exiting now.");
      expect(exitCode).toBe(0);
    },
  );
});

describe("The testing kit", () => {
  it.each([
    ["in Node", "examples/testing-node", "8 passed"],
    ["in vitest-pool-workers", "examples/testing-workers", "2 passed"],
  ])(
    "simulates a user's class %s, with the wrangler.jsonc it is deployed by",
    async (_where, example, outcome) => {
      await using project = await createProject(example);
      const vitest = [bin("vitest/vitest.mjs"), "run", "--root", project.path];
      const { exitCode, output } = await run([process.execPath, ...vitest], project);
      expect(output).toContain(outcome);
      expect(exitCode).toBe(0);
    },
  );
});

describe("startEngine()", () => {
  it("gives wrangler's createTestHarness() its containers", async () => {
    await using project = await createProject("examples/harness");
    const vitest = [process.execPath, bin("vitest/vitest.mjs"), "run", "--root", project.path];
    const { exitCode, output } = await run([vitest[0] ?? "", ...vitest.slice(1)], project);
    expect(output).toContain("1 passed");
    expect(exitCode).toBe(0);
    const left = await eventually(
      () => new HostWatch(project.tmpDir).note(process.pid),
      ({ files }) => files.length === 0,
    );
    expect(left.files).toEqual([]);
  });
});
