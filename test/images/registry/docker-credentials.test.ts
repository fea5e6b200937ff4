import { chmod, mkdir, mkdtemp, readFile, rm, stat, symlink, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, it } from "vitest";

import { askCredentialHelper } from "../../../src/images/registry/credential-helper.ts";
import { firstOf } from "../../../src/images/registry/credentials.ts";
import { dockerCredentials } from "../../../src/images/registry/docker-credentials.ts";
import type { LoginScope } from "../../../src/images/registry/docker-config-path.ts";
import { saveLogin } from "../../../src/images/registry/save-login.ts";

const SECRET = "s3cret";
let homeDir: string;
let scope: LoginScope;
beforeEach(async () => {
  homeDir = await mkdtemp(join(tmpdir(), "berth-login-"));
  const path = `${join(homeDir, "bin")}:${process.env["PATH"] ?? ""}`;
  scope = { homeDir, env: { PATH: path } };
});
afterEach(() => rm(homeDir, { recursive: true, force: true }));

async function writeConfig(config: unknown, path = ".docker/config.json"): Promise<void> {
  const text = typeof config === "string" ? config : JSON.stringify(config);
  const file = join(homeDir, path);
  await mkdir(join(file, ".."), { recursive: true });
  await writeFile(file, text);
}

async function writeHelper(name: string, script: string): Promise<void> {
  await mkdir(join(homeDir, "bin"), { recursive: true });
  const path = join(homeDir, "bin", `docker-credential-${name}`);
  await writeFile(path, `#!/bin/sh\n${script}\n`);
  await chmod(path, 0o755);
}

const auth = btoa(`user:${SECRET}:with:colons`);
const basic = { kind: "basic", username: "user", password: `${SECRET}:with:colons` };

describe("dockerCredentials()", () => {
  it.each([
    ["a host", "localhost:5000", { "localhost:5000": { auth } }, basic],
    ["an address", "registry.example", { "https://registry.example/v2/": { auth } }, basic],
    [
      "Docker Hub's old key",
      "registry-1.docker.io",
      { "https://index.docker.io/v1/": { auth } },
      basic,
    ],
    [
      "name and password",
      "a.example",
      { "a.example": { username: "u", password: "p" } },
      { kind: "basic", username: "u", password: "p" },
    ],
    [
      "an identity token",
      "a.example",
      { "a.example": { auth: btoa("u:"), identitytoken: "t" } },
      { kind: "identity-token", token: "t" },
    ],
    ["nothing for another host", "b.example", { "a.example": { auth } }, undefined],
    ["nothing in an empty entry", "a.example", { "a.example": {} }, undefined],
    ["nothing for a part of the host", "a.example", { "a.example/team": { auth } }, undefined],
  ])("finds %s", async (_name, host, auths, expected) => {
    await writeConfig({ auths });
    expect(await dockerCredentials(scope)(host)).toEqual(expected);
  });

  it("looks into each file in turn, and says where", async () => {
    const env = {
      DOCKER_CONFIG: join(homeDir, "other"),
      REGISTRY_AUTH_FILE: join(homeDir, "auth.json"),
      XDG_RUNTIME_DIR: join(homeDir, "run"),
    };
    const entry = (name: string): object => ({ auth: btoa(`${name}:x`) });
    await writeConfig({ auths: { a: entry("first") } }, "auth.json");
    await writeConfig({ auths: { a: entry("no"), b: entry("second") } }, "other/config.json");
    await writeConfig({ auths: { c: entry("third") } }, "run/containers/auth.json");
    const source = dockerCredentials({ env, homeDir });
    const names = await Promise.all(["a", "b", "c", "d"].map((host) => source(host)));
    expect(names.map((found) => found?.kind === "basic" && found.username)).toEqual([
      "first",
      "second",
      "third",
      false,
    ]);
    expect(source.places).toBe(
      ["auth.json", "other/config.json", "run/containers/auth.json"]
        .map((path) => join(homeDir, path))
        .join(", "),
    );
  });

  it("asks the host's helper, else the store, else the file", async () => {
    await writeHelper(
      "own",
      `read host; echo "{\\"Username\\":\\"own\\",\\"Secret\\":\\"$host\\"}"`,
    );
    await writeHelper("store", `echo "credentials not found in native keychain"; exit 1`);
    const auths = { "c.example": { auth } };
    await writeConfig({ auths, credHelpers: { "a.example": "own" }, credsStore: "store" });
    const source = dockerCredentials(scope);
    expect(await source("a.example")).toEqual({
      kind: "basic",
      username: "own",
      password: "a.example",
    });
    expect(await source("b.example")).toBeUndefined();
    expect(await source("c.example")).toEqual(basic);
  });

  it("asks a helper for Docker Hub by its old name, and knows its identity tokens", async () => {
    await writeHelper(
      "own",
      `read host; echo "{\\"Username\\":\\"<token>\\",\\"Secret\\":\\"$host\\"}"`,
    );
    await writeConfig({ credsStore: "own" });
    expect(await dockerCredentials(scope)("registry-1.docker.io")).toEqual({
      kind: "identity-token",
      token: "https://index.docker.io/v1/",
    });
  });

  it.each([
    ["is not installed", undefined, /docker-credential-own about a\.example: it is not installed/],
    ["fails", "echo locked >&2; exit 3", /it ends with 3: locked/],
    ["answers nonsense", `echo ${SECRET}`, /no JSON object/],
  ])("says so when a helper %s, without what it printed", async (_name, script, text) => {
    if (script !== undefined) await writeHelper("own", script);
    await writeConfig({ credsStore: "own" });
    const error = await dockerCredentials(scope)("a.example").catch((reason: unknown) => reason);
    expect(error).toMatchObject({
      code: "CREDENTIALS_FAILED",
      message: expect.stringMatching(text),
    });
    expect(String(error)).not.toContain(SECRET);
  });

  it("does not wait for a helper forever", async () => {
    await writeHelper("own", "exec sleep 60");
    const question = { helper: "own", registryHost: "a.example", env: scope.env, timeoutMs: 50 };
    await expect(askCredentialHelper(question)).rejects.toThrow(/takes more than 50 ms/);
  });

  it("runs no helper whose name is a path", async () => {
    await writeConfig({ credsStore: "../../bin/sh" });
    await expect(dockerCredentials(scope)("a")).rejects.toThrow(/its name is none/);
  });

  it("names the file that it cannot read, without its text", async () => {
    await writeConfig(`{"auths": {"a": "${SECRET}`);
    const error = await dockerCredentials(scope)("a").catch(String);
    expect(error).toMatch(/\[CREDENTIALS_FAILED\].*\.docker\/config\.json: it is no JSON/);
    expect(error).not.toContain(SECRET);
  });
});

describe("firstOf()", () => {
  it("asks the next source when one knows nothing", async () => {
    const none = (): Promise<undefined> => Promise.resolve(undefined);
    const some = (): Promise<{ kind: "identity-token"; token: string }> =>
      Promise.resolve({ kind: "identity-token", token: "t" });
    expect(await firstOf(none, some)("a")).toEqual({ kind: "identity-token", token: "t" });
    expect(await firstOf(none)("a")).toBeUndefined();
  });
});

describe("saveLogin()", () => {
  const credentials = { kind: "basic", username: "user", password: SECRET } as const;

  it("is found again, keeps the rest of the file, and lets only its owner read it", async () => {
    await writeConfig({ auths: { "b.example": { auth } }, detachKeys: "ctrl-x" });
    const path = join(homeDir, ".docker/config.json");
    await chmod(path, 0o644);
    expect(await saveLogin({ registryHost: "a.example:5000", credentials }, scope)).toBe(path);
    expect(await dockerCredentials(scope)("a.example:5000")).toEqual(credentials);
    expect(await dockerCredentials(scope)("b.example")).toEqual(basic);
    expect(JSON.parse(await readFile(path, "utf8"))).toMatchObject({ detachKeys: "ctrl-x" });
    expect((await stat(path)).mode & 0o777).toBe(0o600);
  });

  it("makes the file when there is none, with Docker Hub's key for Docker Hub", async () => {
    await saveLogin({ registryHost: "docker.io", credentials }, scope);
    const text = await readFile(join(homeDir, ".docker/config.json"), "utf8");
    expect(Object.keys(JSON.parse(text).auths)).toEqual(["https://index.docker.io/v1/"]);
    expect(await dockerCredentials(scope)("registry-1.docker.io")).toEqual(credentials);
  });

  it("leaves a link to the file a link", async () => {
    await writeConfig({}, "elsewhere.json");
    await mkdir(join(homeDir, ".docker"));
    await symlink(join(homeDir, "elsewhere.json"), join(homeDir, ".docker/config.json"));
    await saveLogin({ registryHost: "a.example", credentials }, scope);
    expect(await readFile(join(homeDir, "elsewhere.json"), "utf8")).toContain("a.example");
  });

  it("gives it to the helper that the file names, and writes no secret", async () => {
    await writeHelper("own", `[ "$1" = store ] && cat > "${homeDir}/stored"`);
    await writeConfig({ credsStore: "own" });
    await saveLogin({ registryHost: "a.example", credentials }, scope);
    expect(JSON.parse(await readFile(join(homeDir, "stored"), "utf8"))).toEqual({
      ServerURL: "a.example",
      Username: "user",
      Secret: SECRET,
    });
    expect(await readFile(join(homeDir, ".docker/config.json"), "utf8")).not.toContain(SECRET);
  });

  it("does not write over a file that it cannot read", async () => {
    await writeConfig("{ not JSON");
    await expect(saveLogin({ registryHost: "a", credentials }, scope)).rejects.toThrow(
      /\[CREDENTIALS_FAILED\].*no JSON/,
    );
    expect(await readFile(join(homeDir, ".docker/config.json"), "utf8")).toBe("{ not JSON");
  });
});
