import { spawn } from "node:child_process";
import { once } from "node:events";
import { join } from "node:path";
import { text } from "node:stream/consumers";
import { startEngine } from "../../src/engine/start-engine.ts";

/** Whether the tests are to use Docker instead of the embedded engine: `npm run test:docker`. */
export const isOnDocker = process.env["BERTH_E2E_ENGINE"] === "docker";

/** What a test builds an image of. */
export interface ImagePlan {
  readonly dockerfile: string;
  readonly contextDir: string;
  /** With a tag; an image of that name is replaced. */
  readonly name: string;
}

/** The engine that a test gives to Miniflare itself. */
export interface EngineUnderTest {
  /** As the option `containerEngine` of Miniflare. */
  readonly containerEngine: object;
  build(plan: ImagePlan): Promise<void>;
  [Symbol.asyncDispose](): Promise<void>;
}

/** @param directory a folder of the test's own */
export function startEngineUnderTest(directory: string): Promise<EngineUnderTest> {
  return isOnDocker ? Promise.resolve(startDockerEngine()) : startEmbeddedEngine(directory);
}

/** @param directory a folder of the test's own */
export async function startEmbeddedEngine(directory: string): Promise<EngineUnderTest> {
  const engine = await startEngine({ stateDir: join(directory, "state") });
  return {
    containerEngine: toContainerEngine(`unix://${engine.socketPath}`),
    async build({ dockerfile, contextDir, name: tag }) {
      await engine.rebuild({ dockerfile, contextDir, tag, buildArgs: {} }, () => undefined);
    },
    [Symbol.asyncDispose]: () => engine[Symbol.asyncDispose](),
  };
}

/** The engine that the environment tells of, as `npm run test:docker` sets it. */
export function startDockerEngine(): EngineUnderTest {
  const { DOCKER_HOST: socketPath = "", MINIFLARE_CONTAINER_EGRESS_IMAGE: sidecar } = process.env;
  return {
    containerEngine: toContainerEngine(socketPath, sidecar),
    async build({ dockerfile, contextDir, name }) {
      const child = spawn("docker", ["build", "-t", name, "-f", "-", contextDir]);
      child.stdin.end(dockerfile);
      child.stdout.resume();
      const [errors, [exitCode]] = await Promise.all([text(child.stderr), once(child, "close")]);
      if (exitCode !== 0) throw new Error(`Cannot build ${name}: ${errors}`);
    },
    [Symbol.asyncDispose]: () => Promise.resolve(), // it is the user's
  };
}

function toContainerEngine(socketPath: string, sidecar = "cloudflare/proxy-everything:1"): object {
  return { localDocker: { socketPath, containerEgressInterceptorImage: sidecar } };
}
