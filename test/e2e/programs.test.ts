import { mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { build } from "tsup";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { requireMiniflare, type Runtime } from "../engine/api/fakes/miniflare.ts";
import { startEngineUnderTest, type EngineUnderTest } from "./engine-under-test.ts";
import { skipWithoutNamespaces } from "./obstacle.ts";

skipWithoutNamespaces();

const PARTS = join(import.meta.dirname, "programs");
const IMAGE = "berth-test-programs";
const DOCKERFILE =
  'FROM node:24\nWORKDIR /app\nCOPY app.js .\nEXPOSE 8080 9001\nCMD ["node", "app.js"]\n';
const APP = `
require("http").createServer((_request, response) => response.end("ready")).listen(8080);
require("net").createServer((socket) => socket.on("error", () => {}).pipe(socket)).listen(9001);
process.on("SIGTERM", () => process.exit(0));
`;

let directory: string;
let engine: EngineUnderTest;
let runtime: Runtime;
let url: URL;

beforeAll(async () => {
  directory = await mkdtemp(join(tmpdir(), "berth-programs-"));
  await writeFile(join(directory, "app.js"), APP);
  engine = await startEngineUnderTest(directory);
  await engine.build({ dockerfile: DOCKERFILE, contextDir: directory, name: `${IMAGE}:latest` });
  runtime = startRuntime(await bundle());
  url = await runtime.ready;
});

afterAll(async () => {
  await runtime.dispose();
  await engine[Symbol.asyncDispose]();
  await rm(directory, { recursive: true, force: true });
});

async function bundle(): Promise<string> {
  await build({
    config: false,
    entry: [join(PARTS, "worker.ts")],
    outDir: directory,
    format: "esm",
    outExtension: () => ({ js: ".mjs" }),
    target: "es2022",
    platform: "neutral",
    external: [/^cloudflare:/],
    silent: true,
    tsconfig: join(PARTS, "../../../tsconfig.json"),
  });
  return readFile(join(directory, "worker.mjs"), "utf8");
}

function startRuntime(contents: string): Runtime {
  const Miniflare = requireMiniflare();
  const container = { imageName: IMAGE };
  const object = { type: "durable-object", storage: "sqlite", container };
  const binding = { type: "durable-object", worker: "w" };
  return new Miniflare({
    port: 0,
    containerEngine: engine.containerEngine,
    workers: [
      {
        config: {
          name: "w",
          compatibilityDate: "2026-08-01",
          compatibilityFlags: ["enable_request_signal", "request_signal_passthrough"],
          manifest: {
            mainModule: "worker.mjs",
            modules: { "worker.mjs": { type: "esm", contents } },
          },
          env: {
            APP: { ...binding, exportName: "App" },
            JOB: { ...binding, exportName: "Job" },
          },
          exports: { App: object, Job: object },
        },
      },
    ],
  });
}

interface Call {
  readonly command?: readonly string[];
  readonly options?: Readonly<Record<string, unknown>>;
  readonly id?: string;
}

async function act(step: string, call: Call = {}): Promise<unknown> {
  const body = JSON.stringify({ id: "one", step, ...call });
  const response = await fetch(url, { method: "POST", body });
  return await response.json();
}

describe("exec() on workerd", () => {
  it("starts the container, and has the environment of its run and its own", async () => {
    const command = ["sh", "-c", "echo $MODE $TOKEN $OWN; echo $PWD >&2; exit 3"];
    const seen = await act("exec", { command, options: { env: { OWN: "own" }, cwd: "/tmp" } });
    expect(seen).toMatchObject({
      ...{ exitCode: 3, stdout: "class hunter2-hunter2 own\n", stderr: "/tmp\n" },
      ...{ isTruncated: false, timedOut: false },
    });
  });

  it("takes input as a text and as a stream", async () => {
    const options = { stdin: "typed in" };
    expect(await act("exec", { command: ["cat"], options })).toMatchObject({ stdout: "typed in" });
    expect(await act("stdin")).toMatchObject({ stdout: "from afar" });
  });

  it("ends 1 GiB of output at its maximum", async () => {
    const command = ["sh", "-c", "head -c 1073741824 /dev/zero | tr '\\0' x"];
    const seen = (await act("exec", { command, options: { maxOutputBytes: 1_000 } })) as {
      readonly stdout: string;
    };
    expect(seen).toMatchObject({ isTruncated: true, timedOut: false });
    expect(seen.stdout).toBe("x".repeat(1_000));
    expect(await act("exec", { command: ["true"] })).toMatchObject({ exitCode: 0 });
  });

  it("ends a program that ignores SIGTERM", async () => {
    const command = ["sh", "-c", "trap '' TERM; echo up; while :; do sleep 0.1; done"];
    const seen = await act("exec", { command, options: { timeout: "5s" } });
    expect(seen).toMatchObject({ exitCode: 137, timedOut: true, stdout: "up\n" });
  });

  it("has a terminal", async () => {
    const options = { pty: { columns: 100, rows: 30 } };
    const seen = await act("exec", { command: ["stty", "size"], options });
    expect(seen).toMatchObject({ exitCode: 0, stdout: "30 100\r\n" });
  });

  it.each(["no-such-program", "/etc/passwd"])("tells that %s is no program", async (program) => {
    expect(await act("exec", { command: [program] })).toMatchObject({ code: "PROGRAM_NOT_FOUND" });
  });

  it("tells of a container that ends meanwhile", async () => {
    // Again until it helps: an app that has just begun to boot takes no notice of the signal.
    const command = ["sh", "-c", "while kill -TERM 1; do sleep 0.1; done"];
    expect(await act("exec", { id: "ending", command })).toMatchObject({ code: "EXITED" });
  });
});

describe("execStream() on workerd", () => {
  it("gives both outputs and the exit over a stub", async () => {
    const command = ["sh", "-c", "echo out; echo err >&2; exit 4"];
    const seen = await act("stream", { command });
    expect(seen).toMatchObject({ outputs: ["out\n", "err\n"], exit: { exitCode: 4 } });
  });

  it("ends the program of whoever cancels, and the runtime lives on", async () => {
    const seen = await act("cancel");
    // on a machine under load two lines may come as one part
    expect(seen).toMatchObject({
      first: expect.stringMatching(/^(?:x\n)+$/) as string,
      exit: { timedOut: false },
    });
    expect(await act("exec", { command: ["true"] })).toMatchObject({ exitCode: 0 });
  });

  it("takes signals over a stub", async () => {
    expect(await act("kill")).toMatchObject({ first: "up\n", exit: { exitCode: 137 } });
  });
});

describe("connectTcp() on workerd", () => {
  it("carries bytes both ways over a stub, and ends with the app", async () => {
    expect(await act("connect")).toEqual({ echo: "ping", done: true });
  });

  it("refuses a port that stays closed", async () => {
    expect(await act("closed port")).toMatchObject({ code: "PORT_TIMEOUT" });
  });
});

describe("metrics() and inspect() on workerd", () => {
  it("tell of the container while one runs", async () => {
    await act("exec", { id: "measured", command: ["true"] });
    expect(await act("inspect", { id: "measured" })).toMatchObject({ image: IMAGE });
    const seen = (await act("metrics", { id: "measured" })) as Record<string, number>;
    for (const name of ["cpuUsageMs", "memoryUsedBytes", "machineMemoryBytes", "diskUsedBytes"]) {
      expect(seen[name], name).toBeGreaterThan(0);
    }
    expect(seen["processCount"]).toBeGreaterThanOrEqual(2);
    await act("destroy", { id: "measured" });
    expect(await act("inspect", { id: "measured" })).toBeNull();
    expect(await act("metrics", { id: "measured" })).toBeNull();
  });
});

describe("run() on workerd", () => {
  it("runs a command once for its key, and tells the ends of its outputs", async () => {
    const command = ["sh", "-c", "echo out; echo err >&2; date +%N >> /tmp/runs; exit 5"];
    const first = await act("run", { id: "job", command });
    expect(first).toMatchObject({ exitCode: 5, stdoutTail: "out\n", stderrTail: "err\n" });
    expect(await act("run", { id: "job", command })).toEqual(first);
  });

  it("runs the container's own command to its end", async () => {
    const first = await act("own command", { id: "own" });
    expect(first).toMatchObject({ runId: 1, exitCode: 0, cause: "exit", stdoutTail: null });
    expect(await act("own command", { id: "own" })).toEqual(first);
  });
});
