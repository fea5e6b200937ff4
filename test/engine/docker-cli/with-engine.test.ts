import { execFile } from "node:child_process";
import { mkdir, mkdtemp, rm, writeFile } from "node:fs/promises";
import { request } from "node:http";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { text } from "node:stream/consumers";
import { promisify } from "node:util";
import { afterAll, beforeAll, describe, expect, it, vi } from "vitest";

import type { EngineLog } from "../../../src/engine/engine-log.ts";
import { startEngine, type Engine } from "../../../src/engine/start-engine.ts";
import { NAME, PROXY, appBody, sidecarBody } from "../api/fakes/workerd-requests.ts";

let root: string;
let engine: Engine;
const logs: EngineLog[] = [];

beforeAll(async () => {
  root = await mkdtemp(join(tmpdir(), "berth-build-"));
  await mkdir(join(root, "context"));
  engine = await startEngine({
    imagesDir: join(root, "images"),
    warmPods: 0,
    registry: "off", // FROM node is the host's view here
    log: (event) => logs.push(event),
  });
});
afterAll(async () => {
  await engine[Symbol.asyncDispose]();
  await rm(root, { recursive: true, force: true });
});

async function build(tag: string, dockerfile: string): Promise<string> {
  await writeFile(join(root, "context/Dockerfile"), dockerfile);
  const args = ["build", "--load", "-t", tag, join(root, "context")];
  const env = { ...process.env, ...engine.env };
  return (await promisify(execFile)(engine.dockerBin, args, { env })).stderr;
}

function send(method: string, path: string, body?: object): Promise<string> {
  return new Promise((resolve, reject) => {
    const outgoing = request({ socketPath: engine.socketPath, method, path }, (answer) => {
      void text(answer).then((answered) => {
        if ((answer.statusCode ?? 500) < 400) resolve(answered);
        else reject(new Error(`${method} ${path}: ${answered}`));
      }, reject);
    });
    outgoing.once("error", reject);
    outgoing.end(body === undefined ? "" : JSON.stringify(body));
  });
}

const outputOf = (container: string): readonly string[] =>
  logs.flatMap((event) =>
    event.kind === "container-output" && event.container === container ? event.line : [],
  );

describe("docker build on the engine", () => {
  it("executes RUN in a private view, keeps its removals, and caches it", async () => {
    await writeFile(join(root, "context/old"), "old");
    const dockerfile = `FROM node:24 AS build
WORKDIR /app/dir
COPY old stays ./
RUN echo "as $(id -un) in $PWD" && node -p '"node " + process.version.slice(0, 1)'
RUN rm -rf /app/dir && mkdir /app/dir && echo new > /app/dir/new
RUN ["rm", "/app/dir/../dir/new"]
RUN echo kept > /app/kept; ls ${root} 2>/dev/null || echo "host unseen"
FROM scratch
COPY --from=build /app /
`;
    await writeFile(join(root, "context/stays"), "stays");
    const log = await build("view:1", dockerfile);
    expect(log).toContain("  as root in /app/dir");
    expect(log).toContain("  node v");
    expect(log).toContain("  host unseen");
    const image: unknown = JSON.parse(await send("GET", "/images/view:1/json"));
    expect(image).toMatchObject({ Size: "kept\n".length });
    expect(await build("view:2", dockerfile)).toContain("RUN echo kept > /app/kept");
    expect(await build("view:3", dockerfile)).toMatch(/RUN rm -rf .* \(cached\)/);
  });

  it("rebuilds an image under its tag and ends its running containers when it differs", async () => {
    const dockerfile = (word: string): string =>
      `FROM node\nENV WORD=${word}\nCMD ["sh", "-c", "echo $WORD; trap 'exit 0' TERM; while :; do sleep 0.05; done"]\n`;
    await build("edit:1", dockerfile("one"));
    await send("POST", `/containers/create?name=${PROXY}`, sidecarBody());
    await send("POST", `/containers/${PROXY}/start`);
    await send("POST", `/containers/create?name=${NAME}`, appBody("edit:1"));
    const exit = send("POST", `/containers/${NAME}/wait`);
    await send("POST", `/containers/${NAME}/start`);

    const request = { tag: "edit:1", contextDir: join(root, "context"), buildArgs: {} };
    const same = await engine.rebuild(
      { ...request, dockerfile: dockerfile("one") },
      () => undefined,
    );
    expect(same).toEqual({ isChanged: false, endedContainers: [] });
    const changed = await engine.rebuild(
      { ...request, dockerfile: dockerfile("two") },
      () => undefined,
    );
    expect(changed).toEqual({ isChanged: true, endedContainers: [NAME] });
    expect(JSON.parse(await exit)).toMatchObject({ StatusCode: expect.any(Number) });

    await send("DELETE", `/containers/${NAME}?force=true`);
    await send("POST", `/containers/create?name=${NAME}`, appBody("edit:1"));
    const second = send("POST", `/containers/${NAME}/wait`);
    await send("POST", `/containers/${NAME}/start`);
    await send("POST", `/containers/${NAME}/stop?t=1`);
    await second;
    await vi.waitFor(() => expect(outputOf(NAME).at(-1)).toBe("two"));
  });

  it("leaves image and containers as they are when a rebuild fails", async () => {
    await build("fail:1", "FROM node\nCMD x\n");
    const before = await send("GET", "/images/fail:1/json");
    const request = { tag: "fail:1", contextDir: join(root, "context"), buildArgs: {} };
    await expect(
      engine.rebuild({ ...request, dockerfile: "FROM node\nRUN exit 4\n" }, () => undefined),
    ).rejects.toThrow("[RUN_FAILED] Cannot build line 2: RUN exit 4; it exited with 4");
    expect(await send("GET", "/images/fail:1/json")).toBe(before);
  });
});
