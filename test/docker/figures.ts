import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { requireMiniflare, type Runtime } from "../engine/api/fakes/miniflare.ts";
import type { EngineUnderTest } from "../e2e/engine-under-test.ts";

/** Durations of one engine, in milliseconds, in the order in which they were measured. */
export interface Figures {
  /** From start() to the first answer of the app. */
  readonly firstAnswer: readonly number[];
  /** The same again after an exit, while the object has its sidecar still. */
  readonly restart: readonly number[];
  /** exec(["true"]), to its exit code. */
  readonly exec: readonly number[];
  /** From signal(9) to the end of monitor(). */
  readonly killSeen: readonly number[];
}

const ROUNDS = 5;
const IMAGE = "berth-test-figures";
const DOCKERFILE =
  'FROM node:24-slim\nCOPY app.cjs /app.cjs\nEXPOSE 8080\nCMD ["node", "/app.cjs"]\n';
const APP = `require("node:http")
  .createServer((_request, response) => response.end("ok"))
  .listen(8080);
`;
const WORKER = `
import { DurableObject } from "cloudflare:workers";
export class Raw extends DurableObject {
  async start() {
    const { container } = this.ctx;
    container.start({ enableInternet: false });
    this.end = container.monitor().then(() => {}, () => {});
    for (;;) {
      try {
        return await (await container.getTcpPort(8080).fetch("http://app/")).text();
      } catch {
        await scheduler.wait(5);
      }
    }
  }
  async exec() {
    return String(await (await this.ctx.container.exec(["true"])).exitCode);
  }
  async kill() {
    this.ctx.container.signal(9);
    await this.end;
    return "ended";
  }
  async destroy() {
    await this.ctx.container.destroy();
    return "destroyed";
  }
}
export default {
  async fetch(request, env) {
    const [, id, method] = new URL(request.url).pathname.split("/");
    return new Response(await env.RAW.getByName(id)[method]());
  },
};
`;

/** Measures an engine from a client's side. */
export async function measure(engine: EngineUnderTest): Promise<Figures> {
  const contextDir = await mkdtemp(join(tmpdir(), "berth-figures-"));
  let runtime: Runtime | undefined;
  try {
    await writeFile(join(contextDir, "app.cjs"), APP);
    await engine.build({ dockerfile: DOCKERFILE, contextDir, name: `${IMAGE}:latest` });
    runtime = startRuntime(engine);
    return await measureAt(await runtime.ready);
  } finally {
    await runtime?.dispose();
    await rm(contextDir, { recursive: true, force: true });
  }
}

async function measureAt(url: URL): Promise<Figures> {
  const take = async (id: string, method: string): Promise<number> => {
    const sinceMs = performance.now();
    const response = await fetch(new URL(`/${id}/${method}`, url));
    const answer = await response.text();
    if (response.status !== 200) throw new Error(`${method}: ${answer}`);
    return performance.now() - sinceMs;
  };
  const firstAnswer: number[] = [];
  const restart: number[] = [];
  const exec: number[] = [];
  const killSeen: number[] = [];
  for (let round = 0; round < ROUNDS; round += 1) {
    const id = `${round}`;
    firstAnswer.push(await take(id, "start"));
    for (let time = 0; time < ROUNDS; time += 1) exec.push(await take(id, "exec"));
    killSeen.push(await take(id, "kill"));
    restart.push(await take(id, "start"));
    await take(id, "destroy");
  }
  return { firstAnswer, restart, exec, killSeen };
}

function startRuntime({ containerEngine }: EngineUnderTest): Runtime {
  const Miniflare = requireMiniflare();
  const modules = { "worker.mjs": { type: "esm", contents: WORKER } };
  const container = { imageName: IMAGE };
  return new Miniflare({
    port: 0,
    containerEngine,
    workers: [
      {
        config: {
          name: "w",
          compatibilityDate: "2026-08-01",
          manifest: { mainModule: "worker.mjs", modules },
          env: { RAW: { type: "durable-object", worker: "w", exportName: "Raw" } },
          exports: { Raw: { type: "durable-object", storage: "sqlite", container } },
        },
      },
    ],
  });
}
