import { once } from "node:events";
import { mkdtemp, readdir, rm, writeFile } from "node:fs/promises";
import { request } from "node:http";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { buffer } from "node:stream/consumers";

import { afterAll, beforeAll, describe, expect, it } from "vitest";

import { isJsonObject, type JsonObject } from "../../../src/engine/api/json-fields.ts";
import { startEngine, type Engine, type EngineLog } from "../../../src/engine/start-engine.ts";
import { startRuntime, type Runtime } from "./fakes/miniflare.ts";
import { CONTAINER_APP, CONTAINER_WORKER } from "./fakes/container-worker.ts";

const DOCKERFILE =
  'FROM node:22\nWORKDIR /app\nCOPY app.js .\nEXPOSE 8080\nCMD ["node", "app.js"]\n';

const logs: EngineLog[] = [];
let directory: string;
let engine: Engine;
let runtime: Runtime;
let url: URL;

beforeAll(async () => {
  directory = await mkdtemp(join(tmpdir(), "berth-miniflare-"));
  await writeFile(join(directory, "app.js"), CONTAINER_APP);
  engine = await startEngine({
    stateDir: join(directory, "state"),
    log: (event) => logs.push(event),
  });
  const built = await callEngine("POST", "/berth/build", {
    ...{ dockerfile: DOCKERFILE, contextDir: directory, tag: "app:latest", buildArgs: {} },
  });
  expect(built).toContain("imageId");
  runtime = startRuntime(engine.env["DOCKER_HOST"] ?? "", CONTAINER_WORKER);
  url = await runtime.ready;
});

afterAll(async () => {
  await runtime.dispose();
  await engine[Symbol.asyncDispose]();
  await rm(directory, { recursive: true, force: true });
});

async function callEngine(method: string, path: string, body?: object): Promise<string> {
  const outgoing = request({ socketPath: engine.socketPath, method, path, agent: false });
  outgoing.end(body === undefined ? "" : JSON.stringify(body));
  const [response] = await once(outgoing, "response");
  return (await buffer(response)).toString();
}

async function act(session: string, action: string, options: object = {}): Promise<unknown> {
  const target = new URL(`/${action}`, url);
  target.searchParams.set("session", session);
  target.searchParams.set("options", JSON.stringify(options));
  return (await fetch(target)).json();
}

async function readEnv(session: string): Promise<JsonObject> {
  const value: unknown = JSON.parse(String(await act(session, "get", { path: "/env" })));
  return isJsonObject(value) ? value : {};
}

describe("ctx.container on the embedded engine", () => {
  it("serves two sessions by two instances on one port, each pid 1 of its own", async () => {
    const start = (session: string) => act(session, "start", { env: { SESSION: session } });
    expect(await Promise.all([start("one"), start("two")])).toEqual(["ready", "ready"]);
    const [one, two] = [await readEnv("one"), await readEnv("two")];
    expect(one).toMatchObject({ pid: 1, SESSION: "one", HOME: "/root" });
    expect(two).toMatchObject({ pid: 1, SESSION: "two" });
    expect(one["HOSTNAME"]).not.toBe(two["HOSTNAME"]);
    expect(await act("one", "inspect")).toMatchObject({ image: "app" });
  });

  it("gives the environment of image and start only", async () => {
    const ours = /^(pid|PATH|HOME|HOSTNAME|SESSION|CLOUDFLARE_\w+)$/;
    expect(Object.keys(await readEnv("one")).filter((name) => !ours.test(name))).toEqual([]);
  });

  it("fails a fetch to a closed port in workerd's words, and hints at EXPOSE", async () => {
    expect(await act("one", "get", { path: "/", port: 9000 })).toBe(
      "Error: Container is not listening to port 9000",
    );
    const hint = expect.stringMatching(/port 9000.*EXPOSEs 8080/);
    await expect.poll(() => logs).toContainEqual({ kind: "notice", message: hint });
  });

  it("runs exec with input, environment, directory and exit code", async () => {
    const argv = ["sh", "-c", 'cat; echo "$A $PWD"; echo oops >&2; exit 4'];
    const options = { argv, input: "in ", env: { A: "1" }, cwd: "/tmp" };
    expect(await act("one", "exec", options)).toEqual({
      exitCode: 4,
      stdout: "in 1 /tmp\n",
      stderr: "oops\n",
    });
  });

  it("tells a missing program of exec by 127, and kills an exec", async () => {
    expect(await act("one", "exec", { argv: ["no-such-program"] })).toMatchObject({
      exitCode: 127,
    });
    expect(await act("one", "execAndKill", { argv: ["sleep", "60"] })).toEqual({ exitCode: 143 });
  });

  it("ignores SIGTERM in an app that does not handle it", async () => {
    await act("two", "signal", { number: 15 });
    expect(await act("two", "get", { path: "/" })).toBe("ready");
    expect(await act("two", "running")).toBe(true);
  });

  it("tells the exit code to monitor(), and starts again in the warm pod", async () => {
    await act("two", "get", { path: "/exit" });
    expect(await act("two", "monitor")).toBe(3);
    expect(await act("two", "running")).toBe(false);
    expect(await act("two", "start")).toBe("ready");
  });

  it("restores a snapshot's files, of which another start has none", async () => {
    await act("one", "get", { path: "/write" });
    expect(await act("one", "get", { path: "/kept" })).toBe("true");
    const containerSnapshot = await act("one", "snapshot");
    expect(containerSnapshot).toMatchObject({ name: "test" });
    expect(await act("one", "destroy")).toBe(false);
    expect(await act("one", "monitor")).toBe(137);
    await act("one", "start");
    expect(await act("one", "get", { path: "/kept" })).toBe("false");
    await act("one", "destroy");
    expect(await act("one", "start", { containerSnapshot })).toBe("ready");
    expect(await act("one", "get", { path: "/kept" })).toBe("true");
  });

  it("logs output by lines with container and image", () => {
    const line = { kind: "container-output", image: "app", stream: "stdout" };
    expect(logs).toContainEqual(expect.objectContaining({ ...line, line: "listening on 8080" }));
  });

  it("fails a start of a program that is not there", async () => {
    const answer = await act("three", "start", { entrypoint: ["/no/such/program"] });
    expect(answer).toMatch(/not (listening|running)/);
    expect(await act("three", "running")).toBe(false);
  });

  it("has removed every container and file once miniflare is disposed of", async () => {
    await runtime.dispose();
    expect(JSON.parse(await callEngine("GET", "/containers/json?all=1"))).toEqual([]);
    const containers = join(dirname(engine.socketPath), "containers");
    await expect.poll(() => readdir(containers)).toEqual([]);
  });
});
