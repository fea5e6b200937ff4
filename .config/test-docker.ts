// `npm run test:docker`: the end-to-end tests on a Docker engine, and what differs.
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { startApiProxy } from "../test/docker/api-proxy.ts";
import { DockerImages, SIDECAR_IMAGE } from "../test/docker/docker-images.ts";
import { writeDockerWrapper } from "../test/docker/docker-wrapper.ts";
import { measure, type Figures } from "../test/docker/figures.ts";
import { findEngine, type FoundEngine } from "../test/docker/find-engine.ts";
import { toFigures, toReport } from "../test/docker/print.ts";
import { runSuite } from "../test/docker/run-suite.ts";
import { compare, type Outcome } from "../test/docker/test-report.ts";
import { startDockerEngine, startEmbeddedEngine } from "../test/e2e/engine-under-test.ts";

// The tests get it too, and end: what was made for them is taken away still.
process.on("SIGINT", () => undefined);

const found = await findEngine(process.env);
if ("reason" in found) console.log(`skipped: ${found.reason}`);
else await run(found);

async function run(engine: FoundEngine): Promise<void> {
  const directory = await mkdtemp(join(tmpdir(), "berth-docker-"));
  const tagFile = join(directory, "tags");
  const images = new DockerImages(engine, tagFile);
  await using proxy = await startApiProxy(join(directory, "docker.sock"), engine.socketPath);
  const bin = join(directory, "bin");
  const settings = {
    DOCKER_HOST: `unix://${proxy.socketPath}`,
    MINIFLARE_CONTAINER_EGRESS_IMAGE: SIDECAR_IMAGE,
    PATH: `${bin}:${process.env["PATH"] ?? ""}`,
  };
  try {
    await writeDockerWrapper({ directory: bin, program: engine.program, tagFile });
    say("making the images");
    await images.make(join(directory, "images"));
    const onDocker = { ...process.env, ...settings, BERTH_E2E_ENGINE: "docker" };
    const outcomes = await runOnDocker(directory, onDocker);
    const embedded = await runFailedOnEmbedded(directory, outcomes);
    console.log(toReport(engine.version, outcomes, compare(outcomes, embedded)));
    Object.assign(process.env, settings);
    console.log(`\n${await compareFigures(directory)}`);
  } finally {
    await images.remove(proxy.snapshots);
    await rm(directory, { recursive: true, force: true });
  }
}

function runOnDocker(directory: string, env: NodeJS.ProcessEnv): Promise<readonly Outcome[]> {
  say("running the tests on Docker");
  const config = ".config/vitest.docker.config.ts";
  const args = process.argv.slice(2);
  return runSuite({ reportFile: join(directory, "docker.json"), config, args, env });
}

/** Only where Docker fails is there something to compare. */
async function runFailedOnEmbedded(
  directory: string,
  outcomes: readonly Outcome[],
): Promise<readonly Outcome[]> {
  const failed = outcomes.filter(({ state }) => state === "failed").map(({ file }) => file);
  if (failed.length === 0) return [];
  say("running the files with failures on the embedded engine");
  const files = [...new Set(failed)].map((file) => `test/e2e/${file}`);
  return runSuite({
    reportFile: join(directory, "embedded.json"),
    config: ".config/vitest.config.ts",
    args: ["--project", "e2e", "--no-file-parallelism", ...files],
    env: process.env,
  });
}

async function compareFigures(directory: string): Promise<string> {
  say("measuring both engines");
  await using docker = startDockerEngine();
  await using embedded = await startEmbeddedEngine(directory);
  // In turn, so that a busy machine is busy for both.
  const onEmbedded: Figures = await measure(embedded);
  return toFigures(await measure(docker), onEmbedded);
}

function say(text: string): void {
  console.error(`test:docker: ${text}`);
}
