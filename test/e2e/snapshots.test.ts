import { cp, mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { build } from "tsup";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { requireMiniflare, type Runtime } from "../engine/api/fakes/miniflare.ts";
import { startEngineUnderTest, type EngineUnderTest } from "./engine-under-test.ts";
import { eventually } from "./eventually.ts";
import { skipWithoutNamespaces } from "./obstacle.ts";

skipWithoutNamespaces();

const FILES = join(import.meta.dirname, "files");

let directory: string;
let engine: EngineUnderTest;
let runtime: Runtime;
let contents: string;
let url: URL;

beforeAll(async () => {
  directory = await mkdtemp(join(tmpdir(), "berth-files-"));
  await cp(join(FILES, "app.js"), join(directory, "app.js"));
  await writeFile(join(directory, "package.json"), '{ "type": "commonjs" }');
  engine = await startEngineUnderTest(directory);
  await buildImage("one");
  await buildImage("two");
  contents = await bundle();
  const Miniflare = requireMiniflare();
  runtime = new Miniflare(optionsOf("one", "1"));
  url = await runtime.ready;
});

afterAll(async () => {
  await runtime.dispose();
  await engine[Symbol.asyncDispose]();
  await rm(directory, { recursive: true, force: true });
});

async function buildImage(name: string): Promise<void> {
  const dockerfile = `FROM node:24\nENV IMAGE=${name}\nWORKDIR /app\nCOPY app.js .\nEXPOSE 8080\nCMD ["node", "app.js"]\n`;
  await engine.build({ dockerfile, contextDir: directory, name: `berth-test-files:${name}` });
}

async function bundle(): Promise<string> {
  await build({
    config: false,
    entry: [join(FILES, "worker.ts")],
    outDir: directory,
    format: "esm",
    outExtension: () => ({ js: ".mjs" }),
    target: "es2022",
    platform: "neutral",
    external: [/^cloudflare:/],
    silent: true,
    tsconfig: join(FILES, "../../../tsconfig.json"),
  });
  return await readFile(join(directory, "worker.mjs"), "utf8");
}

/** A Worker of the policy `durable_object`, whose key `base` stands for one image or another. */
function optionsOf(image: string, build: string): object {
  const modules = { "worker.mjs": { type: "esm", contents } };
  const container = { images: [{ name: "base", image: `berth-test-files:${image}` }] };
  return {
    port: 0,
    containerEngine: engine.containerEngine,
    workers: [
      {
        config: {
          name: "w",
          compatibilityDate: "2026-08-01",
          compatibilityFlags: ["enable_request_signal", "request_signal_passthrough"],
          manifest: { mainModule: "worker.mjs", modules },
          env: {
            KEEPER: { type: "durable-object", worker: "w", exportName: "Keeper" },
            BUILD: { type: "text", value: build },
          },
          exports: { Keeper: { type: "durable-object", storage: "sqlite", container } },
        },
      },
    ],
  };
}

async function deploy(image: string, build: string): Promise<void> {
  await runtime.setOptions(optionsOf(image, build));
  url = await runtime.ready;
}

interface Told {
  readonly value?: unknown;
  readonly error?: string;
}

async function call(id: string, method: string, arg?: unknown): Promise<Told> {
  const target = new URL(`/call/${method}`, url);
  target.searchParams.set("id", id);
  if (arg !== undefined) target.searchParams.set("arg", JSON.stringify(arg));
  return (await (await fetch(target)).json()) as Told; // what the Worker above answers
}

async function ask(id: string, path: string): Promise<unknown> {
  const target = new URL(path, url);
  target.searchParams.set("id", id);
  const response = await fetch(target);
  const text = await response.text();
  if (response.status !== 200) throw new Error(`Answered ${response.status}: ${text}`);
  return JSON.parse(text) as unknown;
}

async function asleep(id: string): Promise<void> {
  await eventually(
    async () => (await call(id, "peek")).value as { readonly isRunning: boolean },
    ({ isRunning }) => !isRunning,
  );
}

describe("Files that outlive sleep, on workerd and the embedded engine", () => {
  it("are flushed and kept before the idle stop, and there after it", async () => {
    expect(await ask("sleeper", "/hold/first")).toEqual({ image: "one", file: "" });
    await asleep("sleeper");
    expect((await call("sleeper", "listSnapshots")).value).toMatchObject([
      { image: "berth-test-files:one" },
    ]);
    expect(await ask("sleeper", "/hold/second")).toEqual({ image: "one", file: "first" });
    await call("sleeper", "stop");
    await asleep("sleeper");
    expect(await ask("sleeper", "/")).toEqual({ image: "one", file: "second" });
    expect((await call("sleeper", "told")).value).toEqual([]);
  });

  it("can be gone back to, in another object as well", async () => {
    await ask("writer", "/hold/old");
    const { value: taken } = await call("writer", "snapshot", { name: "old" });
    expect(taken).toMatchObject({ name: "old", image: "berth-test-files:one" });
    await ask("writer", "/hold/new");
    expect(await call("writer", "restore", taken)).toEqual({ value: null });
    expect(await ask("writer", "/")).toEqual({ image: "one", file: "old" });
    expect(await call("reader", "restore", taken)).toEqual({ value: null });
    expect(await ask("reader", "/")).toEqual({ image: "one", file: "old" });
  });

  it("are the image's where the platform refuses the snapshot of a caller, who is told", async () => {
    const { error } = await call("refused", "restore", { id: "no-such-snapshot" });
    expect(error).toMatch(/\[SNAPSHOT_FAILED\] Cannot start from snapshot no-such-snapshot/);
    expect(await ask("refused", "/")).toEqual({ image: "one", file: "" });
  });

  it("go along when a deploy of another build replaces the container that runs", async () => {
    await ask("deployed", "/hold/mine");
    await deploy("one", "2");
    expect(await ask("deployed", "/")).toEqual({ image: "one", file: "mine" });
    expect((await call("deployed", "peek")).value).toMatchObject({
      build: { running: "2", wanted: "2" },
      lastStop: { runId: 1, cause: "rollout" },
    });
  });

  it("are left behind by a deploy of another image, and that is told", async () => {
    await ask("deployed", "/hold/mine");
    await call("deployed", "snapshot");
    await deploy("two", "2"); // which ends every container, in local development
    expect(await ask("deployed", "/")).toEqual({ image: "two", file: "" });
    expect((await call("deployed", "peek")).value).toMatchObject({
      image: { running: "berth-test-files:two", wanted: "berth-test-files:two" },
    });
    expect((await call("deployed", "told")).value).toMatchObject([
      expect.stringContaining(
        "it is of image berth-test-files:one, and berth-test-files:two is wanted",
      ),
    ]);
  });
});

describe("Images on workerd and the embedded engine", () => {
  it("are refused by the keys that there are, and sizes by the limits", async () => {
    const unknown = await call("choosy", "start", { image: "bsae" });
    expect(unknown.error).toMatch(/\[UNKNOWN_IMAGE\].*names "base"/);
    const instance = { vcpu: 9, memoryMib: 4_096, diskMb: 1_000 };
    expect((await call("choosy", "start", { instance })).error).toMatch(/vcpu is 9; use 1 to 4/);
  });

  it("may be set for one start", async () => {
    expect(await call("choosy", "start", { image: "berth-test-files:one" })).toEqual({
      value: null,
    });
    expect(await ask("choosy", "/")).toEqual({ image: "one", file: "" });
  });
});
