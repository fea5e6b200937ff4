import { once } from "node:events";
import { existsSync } from "node:fs";
import { mkdtemp, readdir, rm, writeFile } from "node:fs/promises";
import { request } from "node:http";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { buffer } from "node:stream/consumers";
import { Readable } from "node:stream";

import { extract } from "tar-stream";
import { afterAll, beforeAll, describe, expect, it } from "vitest";

import { startEngine, type Engine } from "../../../src/engine/start-engine.ts";

const SIDECAR = "cloudflare/proxy-everything:1";
const DOCKERFILE = 'FROM node:22\nCMD ["sleep", "1000"]\n';

describe("snapshots of directories, as workerd makes them", () => {
  let directory: string;
  let engine: Engine;

  beforeAll(async () => {
    directory = await mkdtemp(join(tmpdir(), "berth-directories-"));
    await writeFile(join(directory, "Dockerfile"), DOCKERFILE);
    engine = await startEngine({ stateDir: join(directory, "state") });
    const build = { dockerfile: DOCKERFILE, contextDir: directory, tag: "app", buildArgs: {} };
    await call("POST", "/berth/build", build);
    await call("POST", "/containers/create?name=a-proxy", { Image: SIDECAR });
    await call("POST", "/containers/a-proxy/start");
  });
  afterAll(async () => {
    await engine[Symbol.asyncDispose]();
    await rm(directory, { recursive: true, force: true });
  });

  async function call(method: string, path: string, body?: object | Buffer) {
    const outgoing = request({ socketPath: engine.socketPath, method, path, agent: false });
    outgoing.end(body === undefined || body instanceof Buffer ? body : JSON.stringify(body));
    const [response] = await once(outgoing, "response");
    return { status: Number(response.statusCode), bytes: await buffer(response) };
  }

  async function create(name: string, body: object): Promise<number> {
    return (await call("POST", `/containers/create?name=${name}`, body)).status;
  }

  async function startApp(name: string, script: string, hostConfig: object = {}): Promise<void> {
    const HostConfig = { NetworkMode: "container:a-proxy", ...hostConfig };
    await create(name, { Image: "app", Cmd: ["sh", "-c", script], HostConfig });
    expect((await call("POST", `/containers/${name}/start`)).status).toBe(204);
    await call("POST", `/containers/${name}/wait`);
  }

  /** The files of a directory inside a container, by their names. */
  async function filesOf(name: string, path: string): Promise<Readonly<Record<string, string>>> {
    const { status, bytes } = await call("GET", `/containers/${name}/archive?path=${path}/.`);
    expect(status).toBe(200);
    const files: Record<string, string> = {};
    const reader = extract();
    Readable.from([bytes]).pipe(reader);
    for await (const entry of reader) {
      const content = (await buffer(entry)).toString();
      if (entry.header.type === "file") files[entry.header.name.replace(/^\.\//, "")] = content;
    }
    return files;
  }

  it("keeps a directory in a volume, copies that, and gives the copy to an instance", async () => {
    await startApp("one", "mkdir -p /data/deep; echo old >/data/a; echo b >/data/deep/b");
    const { bytes } = await call("GET", "/containers/one/archive?path=/data/.");
    await call("POST", "/volumes/create", { Name: "workerd-snap-1" });
    await create("temp", { Image: "app", HostConfig: { Binds: ["workerd-snap-1:/mnt"] } });
    expect((await call("PUT", "/containers/temp/archive?path=/mnt", bytes)).status).toBe(200);
    expect((await call("DELETE", "/containers/temp?force=true")).status).toBe(204);

    await call("POST", "/volumes/create", { Name: "workerd-snap-clone-1" });
    const copy = { Entrypoint: ["/bin/cp"], Cmd: ["-a", "/src/.", "/dst/"] };
    const Binds = ["workerd-snap-1:/src:ro", "workerd-snap-clone-1:/dst"];
    expect(await create("copy", { Image: SIDECAR, ...copy, HostConfig: { Binds } })).toBe(201);
    expect((await call("POST", "/containers/copy/start")).status).toBe(204);
    const waited = await call("POST", "/containers/copy/wait?condition=not-running");
    expect(JSON.parse(waited.bytes.toString())).toEqual({ StatusCode: 0 });
    expect((await call("DELETE", "/containers/copy?force=true")).status).toBe(204);

    const mount = { Type: "volume", Source: "workerd-snap-clone-1", Target: "/tmp/back/again" };
    const script = "cd /tmp/back/again && cat a deep/b >sum && echo new >a";
    await startApp("two", script, { Mounts: [mount] });
    const kept = { a: "new\n", "deep/b": "b\n", sum: "old\nb\n" };
    expect(await filesOf("two", "/tmp/back/again")).toEqual(kept);
    await startApp("three", "true", { Binds: ["workerd-snap-1:/data:ro"] });
    expect(await filesOf("three", "/data")).toEqual({ a: "old\n", "deep/b": "b\n" });
    await startApp(
      "four",
      "mkdir /out; echo x >/data/x; test ! -e /data/x && echo kept >/out/seen",
      {
        Binds: ["workerd-snap-1:/data:ro"],
      },
    );
    expect(await filesOf("four", "/out")).toEqual({ seen: "kept\n" });
  });

  it("fails the copy of a volume that is gone, and leaves no directory of a deleted one", async () => {
    await call("POST", "/volumes/create", { Name: "gone" });
    await call("POST", "/volumes/create", { Name: "there" });
    const volumes = join(directory, "state", "volumes");
    const before = (await readdir(volumes)).length;
    const copy = { Image: SIDECAR, Entrypoint: ["/bin/cp"], Cmd: ["-a", "/src/.", "/dst/"] };
    await create("late", { ...copy, HostConfig: { Binds: ["gone:/src:ro", "there:/dst"] } });
    expect((await call("DELETE", "/volumes/gone")).status).toBe(204);
    expect((await call("POST", "/containers/late/start")).status).toBe(404);
    await expect.poll(async () => (await readdir(volumes)).length).toBe(before - 1);
    expect(existsSync("/tmp/back")).toBe(false);
  });
});
