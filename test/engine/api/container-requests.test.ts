import { afterEach, beforeEach, describe, expect, it } from "vitest";

import { FakeImageStore, fakeImage } from "./fakes/fake-image-store.ts";
import { idOf, startApi, type ApiFixture } from "./fakes/api-fixture.ts";
import {
  appBody,
  NAME,
  PROXY,
  SESSION_LABELS,
  sidecarBody,
  startInstance,
} from "./fakes/workerd-requests.ts";

let api: ApiFixture;
beforeEach(async () => {
  api = await startApi();
});
afterEach(() => api[Symbol.asyncDispose]());

describe("a cold start by workerd", () => {
  it("answers each step as Docker does", async () => {
    expect(await startInstance(api)).toEqual([404, 200, 404, 201, 204, 200, 201, 204]);
  });

  it("publishes the gateway's port with a string as HostPort", async () => {
    await startInstance(api);
    const { json } = await api.send("GET", `/containers/${PROXY}/json`);
    expect(json).toMatchObject({
      State: { Status: "running" },
      NetworkSettings: {
        Ports: { "39001/tcp": [{ HostIp: "127.0.0.1", HostPort: "30001" }] },
      },
    });
  });

  it("launches the image's command with the merged environment in the gateway's pod", async () => {
    await startInstance(api);
    expect(api.sandbox.pods).toHaveLength(1);
    expect(api.sandbox.pods[0]?.launched[0]?.spec).toMatchObject({
      argv: ["/app"],
      cwd: "/srv",
      env: { FROM_IMAGE: "1", MESSAGE: "hello=world", HOME: "/root" },
      rootfs: { base: "host", layers: ["/layers/app:latest"] },
      labels: SESSION_LABELS,
    });
  });

  it("answers inspect with state and image of the running app", async () => {
    await startInstance(api);
    const { json } = await api.send("GET", `/v1.43/containers/${NAME}/json`);
    expect(json).toMatchObject({
      Name: `/${NAME}`,
      State: {
        Status: "running",
        Running: true,
        ExitCode: 0,
        OOMKilled: false,
      },
      Config: { Image: "app", Labels: SESSION_LABELS },
      HostConfig: { RestartPolicy: { Name: "no" } },
    });
  });

  it("starts a running container again with 304", async () => {
    await startInstance(api);
    expect((await api.send("POST", `/containers/${NAME}/start`)).status).toBe(304);
    expect((await api.send("POST", `/containers/${PROXY}/start`)).status).toBe(304);
  });

  it("launches again in the warm pod after destroy()", async () => {
    await startInstance(api);
    await api.send("DELETE", `/containers/${NAME}?force=true`);
    expect((await api.send("POST", `/containers/create?name=${NAME}`, appBody())).status).toBe(201);
    expect((await api.send("POST", `/containers/${NAME}/start`)).status).toBe(204);
    expect(api.sandbox.pods).toHaveLength(1);
    expect(api.sandbox.pods[0]?.launched).toHaveLength(2);
  });
});

describe("POST /containers/create", () => {
  it("answers 409 naming the holder when the name is in use", async () => {
    await startInstance(api);
    const { status, json } = await api.send("POST", `/containers/create?name=${NAME}`, appBody());
    expect(status).toBe(409);
    expect(json).toMatchObject({
      message: expect.stringContaining(`"/${NAME}"`),
    });
  });

  it("lets one of two concurrent creates of a name win", async () => {
    const create = () => api.send("POST", `/containers/create?name=${NAME}`, appBody());
    const statuses = (await Promise.all([create(), create()])).map((answer) => answer.status);
    expect(statuses.toSorted()).toEqual([201, 409]);
  });

  it("answers 404 naming the image and how to build it", async () => {
    const { status, json } = await api.send("POST", "/containers/create", appBody("r.io/none:1"));
    expect(status).toBe(404);
    expect(json).toMatchObject({
      message: expect.stringMatching(/r\.io\/none:1.*docker build/),
    });
  });

  it("answers 400 when neither image nor request has a command", async () => {
    const { status, json } = await api.send("POST", "/containers/create", appBody("empty"));
    expect(status).toBe(400);
    expect(json).toMatchObject({
      message: expect.stringContaining("no command specified"),
    });
  });

  it("takes the command of the request for an image without one", async () => {
    const body = appBody("empty", { Cmd: ["/bin/other", "-x"] });
    expect(await startInstance(api, body)).toEqual([404, 200, 404, 201, 204, 200, 201, 204]);
    expect(api.sandbox.pods[0]?.launched[0]?.spec.argv).toEqual(["/bin/other", "-x"]);
  });

  it.each([
    { Binds: ["/etc:/mnt"] },
    { Binds: ["data:relative"] },
    { Binds: ["data:/a/../.."] },
    { Binds: ["data:/"] },
    { Mounts: [{ Type: "bind", Source: "/etc", Target: "/mnt" }] },
    { Mounts: [null] },
  ])("answers 501 for a mount that is no volume inside: %j", async (HostConfig) => {
    const { status, json } = await api.send("POST", "/containers/create", {
      Image: "app",
      HostConfig,
    });
    expect(status).toBe(501);
    expect(json).toMatchObject({ message: expect.stringContaining("Cannot mount") });
  });

  it("answers 404 for a volume that is not there", async () => {
    const HostConfig = { Binds: ["none:/mnt"] };
    const { status } = await api.send("POST", "/containers/create", { Image: "app", HostConfig });
    expect(status).toBe(404);
  });

  it("runs nothing but a copy of volumes in the sidecar's image", async () => {
    const Image = "cloudflare/proxy-everything:1";
    const body = { Image, Entrypoint: ["/bin/sh"], Cmd: ["-c", "true"] };
    expect((await api.send("POST", "/containers/create", body)).status).toBe(501);
  });

  it.each([
    [{}, "Image"],
    [{ Image: 5 }, "Image"],
    [{ Image: "app", Cmd: [1] }, "Cmd"],
    [{ Image: "app", Env: "A=1", Labels: { a: 1 } }, "Labels.a"],
    [{ Image: "app", HostConfig: [] }, "HostConfig"],
  ])("answers 400 for %j", async (body, field) => {
    const { status, json } = await api.send("POST", "/containers/create", body);
    expect(status).toBe(400);
    expect(json).toMatchObject({ message: expect.stringContaining(field) });
  });

  it("answers 400 for a name with a control character", async () => {
    const { status } = await api.send("POST", "/containers/create?name=a%0Ab", appBody());
    expect(status).toBe(400);
  });
});

describe("POST /containers/NAME/start", () => {
  it("answers 400 with the cause when the program can't be started, and monitor() ends", async () => {
    const statuses = await startInstance(
      api,
      appBody("app", { Cmd: ["x"], Entrypoint: ["/missing"] }),
    );
    expect(statuses.at(-1)).toBe(400);
    const { json } = await api.send("GET", `/containers/${NAME}/json`);
    expect(json).toMatchObject({ State: { Status: "created" } });
  });

  it("answers 409 when the gateway is not running", async () => {
    await api.send("POST", `/containers/create?name=${PROXY}`, sidecarBody());
    await api.send("POST", `/containers/create?name=${NAME}`, appBody());
    const { status, json } = await api.send("POST", `/containers/${NAME}/start`);
    expect(status).toBe(409);
    expect(json).toMatchObject({ message: expect.stringContaining(PROXY) });
  });
});

describe("POST /containers/NAME/wait", () => {
  it("sends its headers first, and the exit code at the end", async () => {
    await startInstance(api);
    const socket = await api.open();
    socket.write(`POST /containers/${NAME}/wait HTTP/1.1\r\nHost: localhost\r\n\r\n`);
    const chunks: string[] = [];
    const headers = new Promise<void>((resolve) => {
      socket.on("data", (chunk) => {
        chunks.push(String(chunk));
        resolve();
      });
    });
    await headers;
    expect(chunks.join("")).toMatch(/^HTTP\/1\.1 200 OK\r\n/);
    expect(chunks.join("")).not.toContain("StatusCode");
    const body = new Promise((resolve) => socket.once("data", resolve));
    api.sandbox.pods[0]?.launched[0]?.process.exit(3);
    await body;
    expect(chunks.join("")).toContain('{"StatusCode":3}');
    socket.destroy();
  });

  it("gives the exit code again after the end, and tells out of memory", async () => {
    await startInstance(api);
    api.sandbox.pods[0]?.launched[0]?.process.exit(137, true);
    expect((await api.send("POST", `/containers/${NAME}/wait`)).json).toEqual({
      StatusCode: 137,
    });
    expect((await api.send("GET", `/containers/${NAME}/json`)).json).toMatchObject({
      State: {
        Status: "exited",
        Running: false,
        ExitCode: 137,
        OOMKilled: true,
      },
    });
  });

  it("ends with 137 when the container is destroyed", async () => {
    await startInstance(api);
    const exit = api.send("POST", `/containers/${NAME}/wait`);
    const removed = api.send("POST", `/containers/${NAME}/wait?condition=removed`);
    // Both must have arrived before the container goes: a listing on its own connection follows.
    await api.send("GET", "/containers/json");
    await api.send("DELETE", `/containers/${NAME}?force=true`);
    expect((await exit).json).toEqual({ StatusCode: 137 });
    expect((await removed).json).toEqual({ StatusCode: 137 });
  });

  it("answers 404 when the container is gone, 400 for an unknown condition", async () => {
    await startInstance(api);
    expect((await api.send("POST", "/containers/x/wait?condition=removed")).status).toBe(404);
    expect((await api.send("POST", `/containers/${NAME}/wait?condition=x`)).status).toBe(400);
  });
});

describe("POST /containers/NAME/kill", () => {
  it.each([
    ["SIGTERM", 15],
    ["15", 15],
    ["SIGUSR1", 10],
  ])("sends %s", async (signal, number) => {
    await startInstance(api);
    const { status } = await api.send("POST", `/containers/${NAME}/kill?signal=${signal}`);
    expect(status).toBe(204);
    expect(api.sandbox.pods[0]?.launched[0]?.process.signals).toEqual([number]);
  });

  it("answers 409 when it is not running, 404 when there is none, 400 for no signal", async () => {
    await startInstance(api);
    expect((await api.send("POST", `/containers/${NAME}/kill?signal=NOPE`)).status).toBe(400);
    api.sandbox.pods[0]?.launched[0]?.process.exit(0);
    await api.send("POST", `/containers/${NAME}/wait`);
    expect((await api.send("POST", `/containers/${NAME}/kill?signal=SIGTERM`)).status).toBe(409);
    expect((await api.send("POST", "/containers/none/kill?signal=SIGTERM")).status).toBe(404);
  });
});

describe("POST /containers/NAME/stop", () => {
  it("sends SIGTERM, then SIGKILL when the time is over", async () => {
    await startInstance(api);
    expect((await api.send("POST", `/containers/${NAME}/stop?t=0`)).status).toBe(204);
    expect(api.sandbox.pods[0]?.launched[0]?.process.signals).toEqual([15, 9]);
    expect((await api.send("POST", `/containers/${NAME}/stop`)).status).toBe(304);
  });
});

describe("DELETE /containers/NAME", () => {
  it("answers 204, then 404, and closes the pod with the gateway", async () => {
    await startInstance(api);
    expect((await api.send("DELETE", `/containers/${PROXY}?force=true`)).status).toBe(204);
    expect((await api.send("DELETE", `/containers/${PROXY}?force=true`)).status).toBe(404);
    expect(api.sandbox.pods[0]?.isClosed).toBe(true);
    expect((await api.send("GET", `/containers/${NAME}/json`)).json).toMatchObject({
      State: { Status: "exited", ExitCode: 137 },
    });
  });

  it("answers 409 for a running container without force", async () => {
    await startInstance(api);
    expect((await api.send("DELETE", `/containers/${NAME}`)).status).toBe(409);
    expect((await api.send("DELETE", `/containers/${NAME}?force=0`)).status).toBe(409);
  });

  it("answers 204 to all of several concurrent removals or 404", async () => {
    await startInstance(api);
    const remove = () => api.send("DELETE", `/containers/${NAME}?force=1`);
    const answers = await Promise.all([remove(), remove(), remove()]);
    expect(answers.every(({ status }) => status === 204 || status === 404)).toBe(true);
  });
});

describe("a gateway whose pod dies", () => {
  it("is told as exited, without a port, and can be started again", async () => {
    await startInstance(api);
    api.sandbox.pods[0]?.die();
    expect((await api.send("GET", `/containers/${PROXY}/json`)).json).toMatchObject({
      State: { Status: "exited", ExitCode: 137 },
      NetworkSettings: { Ports: {} },
    });
    expect((await api.send("POST", `/containers/${PROXY}/start`)).status).toBe(204);
    expect(api.sandbox.pods).toHaveLength(2);
  });

  it("keeps its new pod when the old one is gone", async () => {
    await startInstance(api);
    expect((await api.send("POST", `/containers/${PROXY}/kill?signal=SIGKILL`)).status).toBe(204);
    expect((await api.send("POST", `/containers/${PROXY}/start`)).status).toBe(204);
    api.sandbox.pods[0]?.die();
    expect((await api.send("GET", `/containers/${PROXY}/json`)).json).toMatchObject({
      State: { Status: "running" },
    });
  });
});

describe("the session cleanup of miniflare", () => {
  it("lists a session's containers by label and removes them by id", async () => {
    await startInstance(api);
    await api.send("POST", "/containers/create?name=other-proxy", {
      ...sidecarBody(),
      Labels: { "dev.workerd.session": "ffff" },
    });
    const filters = encodeURIComponent(
      JSON.stringify({ label: ["dev.workerd.session=0123456789abcdef"] }),
    );
    const path = `/containers/json?all=1&filters=${filters}`;
    const { json } = await api.send("GET", path);
    expect(json).toMatchObject([
      { Names: [`/${PROXY}`], HostConfig: { NetworkMode: "bridge" } },
      {
        Names: [`/${NAME}`],
        HostConfig: { NetworkMode: `container:${PROXY}` },
      },
    ]);
    for (const id of Array.isArray(json) ? json.map(idOf) : []) {
      expect((await api.send("DELETE", `/containers/${id}?force=1`)).status).toBe(204);
    }
    expect((await api.send("GET", path)).json).toEqual([]);
    expect((await api.send("GET", `/volumes?filters=${filters}`)).json).toEqual({
      Volumes: [],
      Warnings: null,
    });
  });

  it("lists running containers only, unless all are asked for", async () => {
    await startInstance(api);
    api.sandbox.pods[0]?.launched[0]?.process.exit(0);
    await api.send("POST", `/containers/${NAME}/wait`);
    expect((await api.send("GET", "/containers/json")).json).toHaveLength(1);
    expect((await api.send("GET", "/containers/json?all=true")).json).toHaveLength(2);
    expect((await api.send("GET", "/containers/json?filters=nonsense")).status).toBe(400);
  });
});

describe("the log", () => {
  it("tells start, output by lines, and exit", async () => {
    await startInstance(api);
    const process = api.sandbox.pods[0]?.launched[0]?.process;
    process?.stdout.write("one\ntw");
    process?.stdout.write("o\n");
    process?.stderr.end("oops");
    process?.exit(3);
    await api.send("POST", `/containers/${NAME}/wait`);
    await expect
      .poll(() => api.logs.filter((log) => log.kind === "container-output"))
      .toEqual(
        expect.arrayContaining([
          expect.objectContaining({
            stream: "stdout",
            line: "one",
            container: NAME,
            image: "app",
          }),
          expect.objectContaining({ stream: "stdout", line: "two" }),
          expect.objectContaining({ stream: "stderr", line: "oops" }),
        ]),
      );
    expect(api.logs[0]).toEqual({
      kind: "container-started",
      container: NAME,
      image: "app",
    });
    expect(api.logs).toContainEqual({
      kind: "container-exited",
      container: NAME,
      image: "app",
      exitCode: 3,
      isOutOfMemory: false,
    });
  });
});

describe("a refused port", () => {
  it("is told once when the image EXPOSEs others only", async () => {
    await startInstance(api);
    for (const port of [8080, 9000, 9000]) api.sandbox.podOptions[0]?.onRefusedPort?.(port);
    expect(api.logs.filter((log) => log.kind === "notice")).toEqual([
      { kind: "notice", message: expect.stringMatching(/port 9000.*EXPOSEs 8080/) },
    ]);
  });

  it("is not told when the image EXPOSEs nothing", async () => {
    await startInstance(api, appBody("empty", { Cmd: ["/app"] }));
    api.sandbox.podOptions[0]?.onRefusedPort?.(9000);
    expect(api.logs.filter((log) => log.kind === "notice")).toEqual([]);
  });
});

describe("limits and mapped images", () => {
  it("gives an instance the memory of its image's reference", async () => {
    await api[Symbol.asyncDispose]();
    api = await startApi({
      overrides: {
        limitsOf: (image) => (image === "app" ? { memoryBytes: 268_435_456, vcpu: 0.25 } : {}),
      },
    });
    await startInstance(api);
    expect(api.sandbox.pods[0]?.launched[0]?.spec.limits).toEqual({
      memoryBytes: 268_435_456,
      vcpu: 0.25,
    });
  });

  it("gives a snapshot the limits of the image it was taken of", async () => {
    await api[Symbol.asyncDispose]();
    const parent = fakeImage("app:latest", { cmd: ["/app"] });
    const snapshot = { ...fakeImage("snap:latest", { cmd: ["/app"] }), parent: parent.id };
    api = await startApi({
      overrides: {
        images: new FakeImageStore([parent, snapshot]),
        limitsOf: (image) => (image === "app:latest" ? { memoryBytes: 1_000_000 } : {}),
      },
    });
    await startInstance(api, appBody("snap"));
    expect(api.sandbox.pods[0]?.launched[0]?.spec.limits).toEqual({ memoryBytes: 1_000_000 });
  });

  it("answers 404 naming the Dockerfile when a mapped one can't be read", async () => {
    await api[Symbol.asyncDispose]();
    api = await startApi({
      overrides: {
        images: new FakeImageStore([]),
        imageMap: { "r.io/a:1": "/nowhere/Dockerfile" },
      },
    });
    const { status, json } = await api.send("POST", "/containers/create", appBody("r.io/a:1"));
    expect(status).toBe(404);
    expect(json).toMatchObject({
      message: expect.stringContaining("/nowhere/Dockerfile"),
    });
  });

  it("builds a mapped reference from its Dockerfile", async () => {
    await api[Symbol.asyncDispose]();
    const asked: unknown[] = [];
    api = await startApi({
      overrides: {
        imageMap: { "r.io/a:1": import.meta.filename },
        build: (request) => {
          asked.push(request);
          return Promise.resolve(fakeImage("r.io/a:1", { cmd: ["/built"] }));
        },
      },
    });
    await startInstance(api, appBody("r.io/a:1"));
    expect(api.sandbox.pods[0]?.launched[0]?.spec.argv).toEqual(["/built"]);
    expect(asked).toMatchObject([{ tag: "r.io/a:1", contextDir: import.meta.dirname }]);
  });
});
