import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { startEngineUnderTest, type EngineUnderTest } from "../../e2e/engine-under-test.ts";
import { requireMiniflare } from "../../engine/api/fakes/miniflare.ts";
import { IMAGE } from "../image-name.ts";
import { bundle } from "./bundle.ts";

const DOCKERFILE =
  'FROM node:22\nWORKDIR /app\nCOPY app.js .\nEXPOSE 8080 9000\nCMD ["node", "app.js"]\n';

/** The contract's Worker in workerd, and its containers on the embedded engine. */
export interface ContractWorkerd {
  /** Restarts workerd, and leaves the containers to it. */
  restart(): Promise<void>;
  /** Runs one phase of a case; resolves with what it saw. */
  observe(title: string, phase: number): Promise<unknown>;
  [Symbol.asyncDispose](): Promise<void>;
}

/** Starts engine and workerd, the way Wrangler does. */
export async function startContractWorkerd(): Promise<ContractWorkerd> {
  const directory = await mkdtemp(join(tmpdir(), "berth-contract-"));
  const engine = await startEngineUnderTest(directory);
  await buildApp(engine, directory);
  const contents = await bundle("worker.ts", "worker");
  const optionsOf = (generation: number): object => runtimeOptions(engine, contents, generation);
  const Miniflare = requireMiniflare();
  const runtime = new Miniflare(optionsOf(0));
  let url = await runtime.ready;
  let generation = 0;
  return {
    async restart() {
      generation += 1;
      await runtime.setOptions(optionsOf(generation));
      url = await runtime.ready;
    },
    async observe(title, phase) {
      const response = await fetch(url, { method: "POST", body: JSON.stringify({ title, phase }) });
      if (response.status !== 200) throw new Error(`${title}: ${await response.text()}`);
      return await response.json();
    },
    async [Symbol.asyncDispose]() {
      await runtime.dispose();
      await engine[Symbol.asyncDispose]();
      await rm(directory, { recursive: true, force: true });
    },
  };
}

async function buildApp(engine: EngineUnderTest, contextDir: string): Promise<void> {
  await writeFile(join(contextDir, "app.js"), await bundle("app/server.ts", "app"));
  await engine.build({ dockerfile: DOCKERFILE, contextDir, name: IMAGE });
}

function runtimeOptions(engine: EngineUnderTest, contents: string, generation: number): object {
  const modules = { "worker.mjs": { type: "esm", contents } };
  const probe = { type: "durable-object", worker: "contract", exportName: "ProbeObject" };
  return {
    port: 0,
    containerEngine: engine.containerEngine,
    workers: [
      {
        config: {
          name: "contract",
          compatibilityDate: "2026-08-01",
          compatibilityFlags: ["enable_request_signal", "request_signal_passthrough"],
          manifest: { mainModule: "worker.mjs", modules },
          env: { PROBE: probe, GENERATION: { type: "text", value: `${generation}` } },
          exports: {
            ProbeObject: {
              type: "durable-object",
              storage: "sqlite",
              container: { imageName: IMAGE.replace(":latest", "") },
            },
          },
        },
      },
    ],
  };
}
