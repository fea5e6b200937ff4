import { mkdir, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { afterAll, beforeAll, beforeEach, describe, expect, it } from "vitest";

import { startFakeEngine, type FakeAnswer, type FakeEngine } from "./fake-engine.ts";

// The command lines are those of wrangler 4.164 and of its older releases (reference/runtime.md).
let engine: FakeEngine;
let contextDir: string;
beforeAll(async () => {
  engine = await startFakeEngine();
  contextDir = join(engine.directory, "context");
  await mkdir(contextDir);
  await writeFile(join(contextDir, "Dockerfile"), "FROM context\n");
});
afterAll(() => engine[Symbol.asyncDispose]());
beforeEach(() => {
  engine.seen.length = 0;
});

function answer(json: unknown, status = 200): () => FakeAnswer {
  return () => ({ json, status });
}

describe("docker build", () => {
  const built = (): FakeAnswer => ({ lines: [{ stream: "step one" }, { imageId: "sha256:1" }] });

  it("hands Dockerfile of stdin, context, tag and arguments to the engine, as wrangler calls it", async () => {
    engine.answers = built;
    const args = [
      "build",
      "--load",
      "-t",
      "cloudflare-dev/app:1a2b3c4d",
      "--platform",
      "linux/amd64",
    ];
    const more = [
      "--provenance=false",
      "--build-arg",
      "A=1",
      "--build-arg",
      "B=x=y",
      "-f",
      "-",
      contextDir,
    ];
    const result = await engine.docker([...args, ...more], { stdin: "FROM node\n" });
    expect(result).toEqual({ exitCode: 0, stdout: "", stderr: "step one\n" });
    expect(engine.seen).toEqual([
      {
        method: "POST",
        url: "/berth/build",
        body: {
          dockerfile: "FROM node\n",
          contextDir,
          tag: "cloudflare-dev/app:1a2b3c4d",
          buildArgs: { A: "1", B: "x=y" },
          platform: "linux/amd64",
        },
      },
    ]);
  });

  it.each([
    [["build", "-t", "a", "."], "FROM context\n"],
    [["buildx", "build", "--load", "--tag=a", "."], "FROM context\n"],
    [["image", "build", "-t", "a", "-f", "Dockerfile", "."], "FROM context\n"],
  ])("reads the Dockerfile of the context for %j", async (args, dockerfile) => {
    engine.answers = built;
    expect((await engine.docker(args, { cwd: contextDir })).exitCode).toBe(0);
    expect(engine.seen[0]?.body).toMatchObject({ dockerfile, contextDir, tag: "a" });
  });

  it("takes a bare build argument from the environment", async () => {
    engine.answers = built;
    const args = ["build", "-t", "a", "--build-arg", "GIVEN", "--build-arg", "NOT_GIVEN", "."];
    await engine.docker(args, { cwd: contextDir, env: { GIVEN: "yes" } });
    expect(engine.seen[0]?.body).toMatchObject({ buildArgs: { GIVEN: "yes" } });
  });

  it("gives further tags to the image", async () => {
    engine.answers = ({ url }) => (url === "/berth/build" ? built() : { status: 201 });
    await engine.docker(["build", "-t", "a", "-t", "host:5000/b:2", "."], { cwd: contextDir });
    expect(engine.seen[1]).toMatchObject({
      method: "POST",
      url: `/images/${encodeURIComponent("sha256:1")}/tag?repo=host%3A5000%2Fb&tag=2`,
    });
  });

  it("fails with the engine's reason", async () => {
    engine.answers = () => ({ lines: [{ stream: "one" }, { error: "[RUN_FAILED] line 2" }] });
    const result = await engine.docker(["build", "-t", "a", "."], { cwd: contextDir });
    expect(result).toEqual({
      exitCode: 1,
      stdout: "",
      stderr: "one\nERROR: [RUN_FAILED] line 2\n",
    });
  });

  it("fails when the engine goes away", async () => {
    engine.answers = () => ({ lines: [{ stream: "one" }] });
    const result = await engine.docker(["build", "-t", "a", "."], { cwd: contextDir });
    expect(result).toMatchObject({ exitCode: 1, stderr: expect.stringContaining("went away") });
  });

  it.each([
    [["build", "."], /give one by -t/],
    [["build", "-t", "a"], /name one build context/],
    [["build", "-t", "a", "nowhere"], /nowhere: it is no directory/],
    [["build", "-t", "a", "https://example.com/x.git"], /give a directory/],
    [["build", "-t", "a", "--secret", "id=x", "."], /--secret/],
    [["build", "-t", "a", "--platform", "windows/amd64", "."], /cannot build for windows\/amd64/],
    [["build", "-t", "a", "-f", "other", "."], /no Dockerfile at .*other/],
  ])("refuses %j", async (args, reason) => {
    const result = await engine.docker(args, { cwd: contextDir });
    expect(result).toMatchObject({ exitCode: 1, stderr: expect.stringMatching(reason) });
    expect(engine.seen).toEqual([]);
  });
});

describe("docker image inspect", () => {
  const image = {
    Id: "sha256:1",
    Os: "linux",
    Architecture: "amd64",
    Size: 12,
    RepoTags: ["a:1"],
    RepoDigests: [],
    Config: { ExposedPorts: { "80/tcp": {}, "81/tcp": {} } },
    RootFS: { Layers: ["x", "y", "z"] },
  };

  it.each([
    ["{{ .Os }}/{{ .Architecture }}", "linux/amd64"],
    ["{{ .Size }} {{ len .RootFS.Layers }}", "12 3"],
    ["{{ json .RepoDigests }}", "[]"],
    ["{{ len .Config.ExposedPorts }}", "2"],
    ["{{.RepoTags}}", "[a:1]"],
    ["{{json .Nothing}}", "null"],
    ["{{.Nothing}}", "<no value>"],
    ["{{.Config.ExposedPorts}}", "map[80/tcp:map[] 81/tcp:map[]]"],
  ])("fills %s", async (format, expected) => {
    engine.answers = answer(image);
    const result = await engine.docker(["image", "inspect", "a:1", "--format", format]);
    expect(result).toEqual({ exitCode: 0, stdout: `${expected}\n`, stderr: "" });
    expect(engine.seen[0]?.url).toBe("/images/a%3A1/json");
  });

  it("prints a list without --format", async () => {
    engine.answers = answer(image);
    const { stdout } = await engine.docker(["image", "inspect", "a:1"]);
    expect(JSON.parse(stdout)).toEqual([image]);
  });

  it.each(["{{range .X}}", "{{upper .Os}}"])("refuses %s", async (format) => {
    engine.answers = answer(image);
    const result = await engine.docker(["image", "inspect", "a:1", "--format", format]);
    expect(result).toMatchObject({ exitCode: 1, stderr: expect.stringContaining(format) });
  });

  it("fails when there is no such image", async () => {
    engine.answers = answer({ message: "no such image: a:1" }, 404);
    const result = await engine.docker(["image", "inspect", "a:1"]);
    expect(result).toEqual({ exitCode: 1, stdout: "", stderr: "ERROR: no such image: a:1\n" });
  });
});

describe("docker pull", () => {
  it("answers for what is there, the egress interceptor's image too", async () => {
    engine.answers = answer({ status: "ok" });
    const image = "cloudflare/proxy-everything:3cb1195@sha256:0ef6716c";
    const result = await engine.docker(["pull", image, "--platform", "linux/amd64"]);
    expect(result.exitCode).toBe(0);
    expect(engine.seen[0]).toMatchObject({
      method: "POST",
      url: `/images/create?fromImage=${encodeURIComponent(image)}`,
    });
  });

  it("refuses a foreign reference by name, with what to do", async () => {
    engine.answers = answer({ message: "[NO_SUCH_IMAGE] no such image: reg.example/x:1" }, 404);
    const result = await engine.docker(["pull", "reg.example/x:1", "--platform", "linux/amd64"]);
    expect(result.exitCode).toBe(1);
    expect(result.stderr).toContain("reg.example/x:1");
    expect(result.stderr).toContain("--map-image reg.example/x:1=./Dockerfile");
  });
});

describe("docker push", () => {
  const digest = `sha256:${"ab".repeat(32)}`;
  const env = (): Record<string, string> => ({ HOME: engine.directory });
  const logIn = async (config: object): Promise<void> => {
    await mkdir(join(engine.directory, ".docker"), { recursive: true });
    await writeFile(join(engine.directory, ".docker/config.json"), JSON.stringify(config));
  };

  it("sends the login of whoever calls, and of no other registry", async () => {
    await logIn({ auths: { "reg.example": { auth: btoa("user:secret") } } });
    engine.answers = () => ({ lines: [{ digest, sizeBytes: 528 }] });
    const result = await engine.docker(["push", "reg.example/x:1"], { env: env() });
    expect(result).toEqual({ exitCode: 0, stdout: `1: digest: ${digest} size: 528\n`, stderr: "" });
    await engine.docker(["push", "other.example/x:1"], { env: env() });
    expect(engine.seen.map(({ url, body }) => ({ url, body }))).toEqual([
      {
        url: "/berth/push",
        body: {
          reference: "reg.example/x:1",
          credentials: { kind: "basic", username: "user", password: "secret" },
        },
      },
      { url: "/berth/push", body: { reference: "other.example/x:1" } },
    ]);
  });

  it("goes on without a login when the helper for it fails, and says so", async () => {
    await logIn({ credsStore: "berth-test-missing" });
    engine.answers = () => ({ lines: [{ error: "[REGISTRY_DENIED] who are you" }] });
    const { exitCode, stderr } = await engine.docker(["push", "reg.example/x:1"], { env: env() });
    expect(exitCode).toBe(1);
    expect(stderr).toContain("docker-credential-berth-test-missing");
    expect(stderr).toContain("ERROR: [REGISTRY_DENIED] who are you");
  });
});

describe("docker", () => {
  const images = [
    {
      Id: `sha256:${"a".repeat(64)}`,
      RepoTags: ["build/0123/app:1", "x:2"],
      Created: 0,
      Size: 1e6,
    },
    { Id: `sha256:${"b".repeat(64)}`, RepoTags: [], Created: 0, Size: 0 },
  ];
  const containers = [
    { Id: "c".repeat(64), Names: ["/workerd-1"], Image: "a:1", State: "running", Status: "Up" },
  ];

  it.each([
    [
      ["image", "ls", "--filter", "reference=build/0123/*", "--format", "{{.Repository}}:{{.Tag}}"],
      images,
      "build/0123/app:1\n",
    ],
    [["images", "-q"], images, `${"a".repeat(12)}\n${"a".repeat(12)}\n${"b".repeat(12)}\n`],
    [
      ["ps", "-a", "--filter", "ancestor=a:1", "--format", "{{.ID}}"],
      containers,
      `${"c".repeat(12)}\n`,
    ],
    [["ps", "-q", "--no-trunc"], containers, `${"c".repeat(64)}\n`],
    [
      ["info", "--format", "{{json .SecurityOptions}}"],
      { SecurityOptions: ["name=rootless"] },
      '["name=rootless"]\n',
    ],
    [["info", "--format", "{{json .DriverStatus}}"], {}, "null\n"],
    [["version", "--format", "{{.Server.ApiVersion}}"], { ApiVersion: "1.43" }, "1.43\n"],
  ])("%j prints what wrangler reads", async (args, json, stdout) => {
    engine.answers = answer(json);
    expect(await engine.docker(args)).toEqual({ exitCode: 0, stdout, stderr: "" });
  });

  it("asks for the containers of an image by a filter", async () => {
    engine.answers = answer(containers);
    await engine.docker(["ps", "-a", "--filter", "ancestor=a:1", "--format", "{{.ID}}"]);
    const query = new URL(`http://x${engine.seen[0]?.url}`).searchParams;
    expect(Object.fromEntries(query)).toEqual({ filters: '{"ancestor":["a:1"]}', all: "1" });
  });

  it.each([
    [["rmi", "a:1", "-f"], "DELETE", "/images/a%3A1?force=true"],
    [["image", "rm", "a:1"], "DELETE", "/images/a%3A1"],
    [["rm", "--force", "abc"], "DELETE", "/containers/abc?force=true"],
    [["tag", "a:1", "host:5000/b"], "POST", "/images/a%3A1/tag?repo=host%3A5000%2Fb&tag=latest"],
  ])("%j asks the engine", async (args, method, url) => {
    engine.answers = answer([]);
    expect((await engine.docker(args)).exitCode).toBe(0);
    expect(engine.seen).toEqual([{ method, url, body: undefined }]);
  });

  it("prints tables for people", async () => {
    engine.answers = answer(containers);
    const { stdout } = await engine.docker(["ps"]);
    expect(stdout).toMatch(
      /^CONTAINER ID +IMAGE +CREATED +STATUS +NAMES\nc{12} +a:1 +.* +Up +workerd-1\n$/,
    );
  });

  it("names the engine as its context, without asking it", async () => {
    const { stdout } = await engine.docker(["context", "ls", "--format", "json"]);
    expect(JSON.parse(stdout)).toMatchObject({ Current: true, DockerEndpoint: engine.host });
    expect(engine.seen).toEqual([]);
  });

  it("takes --host before the command", async () => {
    engine.answers = answer({});
    const args = ["--host", engine.host, "info"];
    const result = await engine.docker(args, { env: { DOCKER_HOST: "unix:///nowhere.sock" } });
    expect(result.exitCode).toBe(0);
  });

  it.each([
    [["push", "UPPER"], /\[BAD_REFERENCE\].*"UPPER"/],
    [["run", "x"], /docker run x is not a command of the embedded engine; it has build/],
    [["manifest", "create", "x"], /docker manifest create is not/],
    [["--debug", "info"], /unknown flag --debug/],
    [[], /is not a command/],
    [["tag", "a"], /give SOURCE and TARGET/],
    [["images", "--filter", "dangling=true"], /dangling=true/],
    [["ps", "--filter", "x"], /name=value/],
  ])("refuses %j", async (args, reason) => {
    const result = await engine.docker(args);
    expect(result).toMatchObject({
      exitCode: 1,
      stdout: "",
      stderr: expect.stringMatching(reason),
    });
  });

  it("says how to start an engine when there is none", async () => {
    const result = await engine.docker(["info"], {
      env: { DOCKER_HOST: "unix:///no/engine.sock" },
    });
    expect(result).toMatchObject({
      exitCode: 1,
      stderr: expect.stringMatching(/unix:\/\/\/no\/engine\.sock.*berth dev/),
    });
  });
});
