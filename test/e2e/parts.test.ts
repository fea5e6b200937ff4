import { once } from "node:events";
import { cp, mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { build } from "tsup";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { WebSocket } from "ws";
import { requireMiniflare, type Runtime } from "../engine/api/fakes/miniflare.ts";
import { startEngineUnderTest, type EngineUnderTest } from "./engine-under-test.ts";
import { skipWithoutNamespaces } from "./obstacle.ts";

skipWithoutNamespaces();

const PARTS = join(import.meta.dirname, "parts");
const IMAGE = "berth-test-parts";
const DOCKERFILE =
  'FROM node:24\nWORKDIR /app\nCOPY app.js .\nEXPOSE 8080\nCMD ["node", "app.js"]\n';

let directory: string;
let engine: EngineUnderTest;
let runtime: Runtime;
let url: URL;

beforeAll(async () => {
  directory = await mkdtemp(join(tmpdir(), "berth-parts-"));
  await cp(join(PARTS, "app.js"), join(directory, "app.js"));
  await writeFile(join(directory, "package.json"), '{ "type": "commonjs" }');
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
  const modules = { "worker.mjs": { type: "esm", contents } };
  const container = { imageName: IMAGE };
  return new Miniflare({
    port: 0,
    containerEngine: engine.containerEngine,
    workers: [
      {
        config: {
          name: "w",
          compatibilityDate: "2026-08-01",
          compatibilityFlags: ["enable_request_signal", "request_signal_passthrough"],
          manifest: { mainModule: "worker.mjs", modules },
          env: { PARTS: { type: "durable-object", worker: "w", exportName: "Parts" } },
          exports: { Parts: { type: "durable-object", storage: "sqlite", container } },
        },
      },
    ],
  });
}

/** What came of a check, and how long it took. */
interface Verdict {
  readonly sign: string;
  readonly tookMs: number;
}

function ask(path: string, session: string, init: RequestInit = {}): Promise<Response> {
  const headers = new Headers(init.headers);
  headers.set("x-session", session);
  return fetch(new URL(path, url), { ...init, headers });
}

async function askFor<Answer>(path: string, session: string): Promise<Answer> {
  const response = await ask(path, session);
  expect(response.status).toBe(200);
  return (await response.json()) as Answer; // both ends are files of this folder
}

const start = (session: string, name = "http"): Promise<readonly Verdict[]> =>
  askFor(`/first?name=${name}`, session);

describe("runCheck() on workerd", () => {
  it("knows each kind of port, program and answer", { timeout: 60_000 }, async () => {
    await start("checks");
    const signs: Record<string, string> = {};
    const names = [
      ...["http", "http 500", "http 404", "http slow"],
      ...["tcp http", "tcp silent", "tcp greeting", "tcp closed"],
      ...["exec true", "exec false", "exec 3", "exec missing", "exec slow"],
      ...["any", "all", "all but one"],
    ];
    for (const name of names) {
      const { sign } = await askFor<Verdict>(`/check?name=${name}`, "checks");
      signs[name] = sign;
    }
    expect(signs).toEqual({
      http: "ready",
      "http 500": "up",
      "http 404": "ready",
      "http slow": "none",
      "tcp http": "ready",
      "tcp silent": "ready",
      "tcp greeting": "ready",
      "tcp closed": "up",
      "exec true": "ready",
      "exec false": "up",
      "exec 3": "ready",
      "exec missing": "up",
      "exec slow": "up",
      any: "ready",
      all: "ready",
      "all but one": "up",
    });
  });

  it.each(["http", "tcp http", "tcp silent", "all"])(
    "waits for an app that boots: %s",
    async (name) => {
      const verdicts = await start(`boot ${name}`, name);
      expect(verdicts.length).toBeGreaterThan(1);
      expect(verdicts.slice(0, -1).map(({ sign }) => sign)).not.toContain("ready");
    },
  );
});

describe("spareRequest() on workerd", () => {
  it.each([0, 1, 1_000, 65_536])("sends %d bytes again that the app never got", async (length) => {
    const session = `spare ${length}`;
    await start(session);
    const body = "x".repeat(length);
    const response = await ask("/post", session, { method: "POST", body });
    expect([response.status, await response.text()]).toEqual([200, body]);
  });

  it("does not keep a body of unknown length", async () => {
    await start("no spare");
    const body = new Blob(["payload"]).stream();
    const response = await ask("/post", "no spare", { method: "POST", body, duplex: "half" });
    expect([response.status, await response.text()]).toEqual([502, "gone"]);
  });
});

describe("watchBody() on workerd", () => {
  it("keeps an event stream and its object for longer than the 10 s after which idle ones go", async () => {
    await start("sse");
    const client = new AbortController();
    const response = await ask("/sse", "sse", { signal: client.signal });
    const reader = response.body?.getReader();
    const untilMs = Date.now() + 12_000;
    let sizeBytes = 0;
    while (Date.now() < untilMs) {
      const { done, value } = (await reader?.read()) ?? { done: true, value: undefined };
      expect(done).toBe(false);
      sizeBytes += value?.byteLength ?? 0;
    }
    const events = await askFor<string[]>("/events", "sse");
    expect(events.length).toBeGreaterThan(100);
    expect(sizeBytes).toBeGreaterThan(1_000);
    client.abort();
    await expect.poll(() => askFor("/events", "sse"), { timeout: 10_000 }).toContain("done");
  });

  it("fails the client's body when the app dies midway, and says so", async () => {
    await start("half");
    const response = await ask("/half", "half");
    await expect(response.arrayBuffer()).rejects.toThrow();
    await expect.poll(() => askFor("/events", "half")).toContain("broken");
    expect(await askFor("/events", "half")).not.toContain("done");
  });
});

describe("joinSockets() on workerd", () => {
  it("tells the client of an app that dies by a code that is not 1000 (scenario 49)", async () => {
    await start("socket");
    const socket = new WebSocket(new URL("/socket", url), { headers: { "x-session": "socket" } });
    const [hello] = await once(socket, "message");
    expect(String(hello)).toBe("hello");
    socket.send("die");
    const [code] = await once(socket, "close");
    expect(code).toBe(1011);
    expect(await askFor("/events", "socket")).toEqual([
      "container: hello",
      "client: die",
      "closed",
    ]);
  });
});
