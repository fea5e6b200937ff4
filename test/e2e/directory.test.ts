import { cp, mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { build } from "tsup";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { startEngine, type Engine } from "../../src/engine/start-engine.ts";
import { requireMiniflare, type Runtime } from "../engine/api/fakes/miniflare.ts";
import { eventually } from "./eventually.ts";
import { skipWithoutNamespaces } from "./obstacle.ts";

skipWithoutNamespaces();

const FILES = join(import.meta.dirname, "directory");
const MIB = 1_024 * 1_024;

let directory: string;
let engine: Engine;
let runtime: Runtime;
let url: URL;

beforeAll(async () => {
  directory = await mkdtemp(join(tmpdir(), "berth-directory-"));
  await cp(join(FILES, "app.js"), join(directory, "app.js"));
  await writeFile(join(directory, "package.json"), '{ "type": "commonjs" }');
  engine = await startEngine({ stateDir: join(directory, "state") });
  await buildImage("whole", "");
  await buildImage("bare", "ENV PATH=/nowhere\n");
  const contents = await bundle();
  const Miniflare = requireMiniflare();
  runtime = new Miniflare(options(contents));
  url = await runtime.ready;
});

afterAll(async () => {
  await runtime.dispose();
  await engine[Symbol.asyncDispose]();
  await rm(directory, { recursive: true, force: true });
});

async function buildImage(name: string, more: string): Promise<void> {
  const dockerfile = `FROM node:24\nWORKDIR /data\nCOPY app.js /app/app.js\nCOPY package.json /data/seed\n${more}EXPOSE 8080\n`;
  const request = { dockerfile, contextDir: directory, tag: `app:${name}`, buildArgs: {} };
  await engine.rebuild(request, () => undefined);
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

/** A Worker of the policy `default`, with a bucket. */
function options(contents: string): object {
  const modules = { "worker.mjs": { type: "esm", contents } };
  const containerEgressInterceptorImage = "cloudflare/proxy-everything:1";
  const socketPath = `unix://${engine.socketPath}`;
  const classOf = (imageName: string): object => ({
    ...{ type: "durable-object", storage: "sqlite", container: { imageName } },
  });
  const bindingOf = (exportName: string): object => ({
    ...{ type: "durable-object", worker: "w", exportName },
  });
  return {
    port: 0,
    containerEngine: { localDocker: { socketPath, containerEgressInterceptorImage } },
    workers: [
      {
        config: {
          name: "w",
          compatibilityDate: "2026-08-01",
          compatibilityFlags: ["enable_request_signal", "request_signal_passthrough"],
          manifest: { mainModule: "worker.mjs", modules },
          env: {
            KEEPER: bindingOf("Keeper"),
            BARE: bindingOf("Bare"),
            FILES: { type: "r2", name: "files" },
          },
          exports: { Keeper: classOf("app:whole"), Bare: classOf("app:bare") },
        },
      },
    ],
  };
}

interface Told {
  readonly value?: unknown;
  readonly error?: string;
}

async function call(id: string, method: string): Promise<Told> {
  const target = new URL(`/call/${method}`, url);
  target.searchParams.set("id", id);
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

describe("A directory in a bucket, on workerd and the embedded engine", () => {
  it("outlives the idle stop, and what the app deletes of the image stays deleted", async () => {
    expect(await ask("sleeper", "/write/text/first")).toMatchObject({ text: "first" });
    await ask("sleeper", "/delete/seed");
    await asleep("sleeper");
    expect((await call("sleeper", "told")).value).toEqual([]);
    expect((await call("sleeper", "listSnapshots")).value).toMatchObject([
      { id: expect.stringMatching(/^kept\/[0-9a-f]{64}\/1-\d+\.tar$/) as string },
    ]);
    expect(await ask("sleeper", "/")).toEqual({ begun: { text: 5 }, text: "first" });
  });

  it("is uploaded in parts where it is large, and only the latest archives stay", async () => {
    await ask("large", `/fill/a/${9 * MIB}`);
    for (const text of ["one", "two", "three"]) {
      await ask("large", `/write/text/${text}`);
      expect((await call("large", "snapshot")).error).toBeUndefined();
    }
    await call("large", "stop");
    await asleep("large");
    const begun = { a: 9 * MIB, text: 5 };
    expect(await ask("large", "/")).toMatchObject({ begun, text: "three" });
    const { value } = await call("large", "listSnapshots");
    const kept = (value as { readonly id: string }[]).map(({ id }) => id);
    expect(kept).toHaveLength(2);
    const keys = await eventually(
      async () => (await (await fetch(new URL("/keys", url))).json()) as string[],
      (all) => all.filter((key) => key.split("/")[1] === kept[0]?.split("/")[1]).length === 2,
    );
    expect(keys).toEqual(expect.arrayContaining(kept));
  });

  it("is as it was kept last where the app is killed while it is packed", async () => {
    await ask("killed", `/fill/a/${24 * MIB}`);
    await ask("killed", "/write/text/kept");
    await call("killed", "snapshot");
    await ask("killed", "/write/text/lost");
    await call("killed", "doom");
    await call("killed", "stop");
    await asleep("killed");
    expect(await ask("killed", "/")).toMatchObject({ text: "kept" });
    expect((await call("killed", "told")).value).toMatchObject([
      expect.stringContaining("SNAPSHOT_FAILED"),
    ]);
  });

  it("is refused by an image without what it needs, by name, and the app never begins", async () => {
    await expect(ask("bare", "/")).rejects.toThrow(/NOT_SUPPORTED/);
    expect((await call("bare", "told")).value).toMatchObject([
      expect.stringMatching(/NOT_SUPPORTED.*the image has no mkfifo/),
    ]);
    await asleep("bare");
  });
});
