import { spawn } from "node:child_process";
import { mkdir, mkdtemp, readdir, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, it } from "vitest";

import { createAskWrangler } from "../../../src/cli/deploy/ask-wrangler.ts";
import { openCloudflareRegistry } from "../../../src/cli/deploy/cloudflare-registry.ts";
import type {
  BuiltImage,
  DeployBuild,
  DeployImages,
} from "../../../src/cli/deploy/deploy-images.ts";
import { toDeployOptions, type RawDeployOptions } from "../../../src/cli/deploy/deploy-options.ts";
import { readDeployConfig } from "../../../src/cli/deploy/read-wrangler-config.ts";
import { runDeploy, type DeployParts } from "../../../src/cli/deploy/run-deploy.ts";
import { findWrangler } from "../../../src/cli/find-wrangler.ts";
import type { ImageFacts } from "../../../src/images/guard/image-facts.ts";
import { ACCOUNT_ID, startCloudflareApi } from "./cloudflare-api.ts";

const repository = new URL("../../..", import.meta.url).pathname;
const registryHost = "registry.example:5000";
const digest = `sha256:${"d".repeat(64)}`;
const versionId = "1a2b3c4d-0000-4000-8000-000000000000";

const facts: ImageFacts = {
  name: "app",
  platform: { os: "linux", architecture: "amd64" },
  layers: [{ name: "layer", sizeBytes: 1000 }],
  config: { entrypoint: ["node"], cmd: [], exposedPorts: [8080] },
};

/** Builds nothing, and notes what it is asked for. */
class NotedImages implements DeployImages, AsyncDisposable {
  readonly builds: DeployBuild[] = [];
  readonly pushes: string[] = [];
  isOpen = true;
  facts: ImageFacts = facts;
  failingTag: string | undefined;

  async build(request: DeployBuild): Promise<BuiltImage> {
    this.builds.push(request);
    return { tag: request.tag, digest, facts: this.facts };
  }

  async push(image: BuiltImage, reference: string): Promise<void> {
    if (this.failingTag !== undefined && reference.endsWith(this.failingTag)) {
      throw new Error("the registry is gone");
    }
    this.pushes.push(`${image.tag} to ${reference}`);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.isOpen = false;
  }
}

interface Run {
  readonly args: readonly string[];
  readonly env: NodeJS.ProcessEnv;
  /** Of the configuration that it is given. */
  readonly config: string;
}

describe("runDeploy()", () => {
  let directory: string;
  let images: NotedImages;
  let said: string[];
  let runs: Run[];
  let exitCode: number;
  beforeEach(async () => {
    directory = await mkdtemp(join(tmpdir(), "berth-run-deploy-"));
    await mkdir(join(directory, "src"));
    await writeFile(join(directory, "Dockerfile"), "FROM scratch\n");
    await writeFile(
      join(directory, "src", "index.js"),
      'import { DurableObject } from "cloudflare:workers";\n' +
        "export class App extends DurableObject {}\n" +
        'export default { fetch: () => new Response("ok") };\n',
    );
    await writeFile(join(directory, "wrangler.jsonc"), configText({ image: "./Dockerfile" }));
    [images, said, runs, exitCode] = [new NotedImages(), [], [], 0];
  });
  afterEach(() => rm(directory, { recursive: true, force: true }));

  const deploy = async (
    args: readonly string[] = [],
    change: { readonly raw?: RawDeployOptions; readonly parts?: Partial<DeployParts> } = {},
  ): Promise<number> => {
    const options = toDeployOptions(change.raw ?? {}, args, directory);
    const wrangler = await findWrangler(repository);
    return runDeploy(options, {
      readConfig: () => readDeployConfig(wrangler, args, directory),
      openImages: async () => images,
      openRegistry: () => ({
        host: registryHost,
        credentials: async () => undefined,
        qualify: async (name) => `${registryHost}/${ACCOUNT_ID}/${name}`,
      }),
      runWrangler: async (words, env) => {
        const path = words[words.indexOf("--config") + 1] ?? "";
        const config = await readFile(path, "utf8").catch(() => "");
        runs.push({ args: words, env, config });
        const entry = { type: "deploy", version_id: versionId };
        const outputPath = env["WRANGLER_OUTPUT_FILE_PATH"];
        if (outputPath !== undefined) await writeFile(outputPath, `${JSON.stringify(entry)}\n`);
        return exitCode;
      },
      say: (text) => said.push(text),
      env: {},
      ...change.parts,
    });
  };
  const uri = `${registryHost}/${ACCOUNT_ID}/app-app@${digest}`;

  it("builds, pushes, deploys the pinned digest, and tags the image for the version", async () => {
    expect(await deploy(["--minify"])).toBe(0);
    expect(images.builds).toEqual([
      {
        dockerfilePath: join(directory, "Dockerfile"),
        contextDir: directory,
        buildArgs: {},
        tag: "app-app:latest",
      },
    ]);
    const repositoryName = `${registryHost}/${ACCOUNT_ID}/app-app`;
    expect(images.pushes).toEqual([
      `app-app:latest to ${repositoryName}:berth-dddddddddddd`,
      `app-app:latest to ${repositoryName}:1a2b3c4d`,
    ]);
    expect(runs.map(({ args }) => args.toSpliced(2, 1))).toEqual([
      ["deploy", "--config", "--minify"],
    ]);
    expect(JSON.parse(runs[0]?.config ?? "")).toMatchObject({ containers: [{ image: uri }] });
    expect(await readdir(directory)).toEqual(["Dockerfile", "src", "wrangler.jsonc"]);
    expect(images.isOpen).toBe(false);
  });

  it("honors the build's context and variables, and both forms of images", async () => {
    await mkdir(join(directory, "context"));
    const jobs = {
      class_name: "App",
      name: "jobs",
      scheduling_policy: "durable_object",
      images: {
        one: { dockerfile: "./Dockerfile", build_context: "./context", build_vars: { A: "1" } },
        two: { image: `registry.cloudflare.com/${ACCOUNT_ID}/two@${digest}` },
      },
    };
    await writeFile(join(directory, "wrangler.jsonc"), configText(jobs));
    expect(await deploy()).toBe(0);
    expect(images.builds).toEqual([
      expect.objectContaining({
        contextDir: join(directory, "context"),
        buildArgs: { A: "1" },
        tag: "app-app-one:latest",
      }),
    ]);
    expect(JSON.parse(runs[0]?.config ?? "").containers[0].images).toEqual({
      one: { image: `${registryHost}/${ACCOUNT_ID}/app-app-one@${digest}` },
      two: jobs.images.two,
    });
  });

  it("pushes nothing in a dry run, and needs no login", async () => {
    const openRegistry = () => openCloudflareRegistry({ ask: refuseToAsk, env: {} });
    expect(await deploy(["--dry-run"], { parts: { openRegistry } })).toBe(0);
    expect(images.pushes).toEqual([]);
    expect(images.builds).toHaveLength(1);
    expect(runs[0]?.args).toContain("--dry-run");
    expect(runs[0]?.config).toContain(
      `registry.cloudflare.com/${"0".repeat(32)}/app-app@${digest}`,
    );
  });

  it.each([
    ["a reference", { image: "docker.io/library/app:1" }, []],
    ["another builder", { image: "./Dockerfile" }, ["--builder", "podman"]],
    ["containers left as they are", { image: "./Dockerfile" }, ["--containers-rollout=none"]],
  ])("leaves %s to wrangler", async (_, container, words) => {
    await writeFile(join(directory, "wrangler.jsonc"), configText(container));
    const isOurs = words[0] === "--builder";
    const raw = isOurs ? { builder: "podman" } : {};
    expect(await deploy(isOurs ? [] : words, { raw })).toBe(0);
    expect(images.builds).toEqual([]);
    expect(runs.map(({ args }) => args)).toEqual([["deploy", ...(isOurs ? [] : words)]]);
    expect(runs[0]?.env["WRANGLER_DOCKER_BIN"]).toBe(isOurs ? "podman" : undefined);
  });

  it("sends nothing of an image that does not fit, unless it is forced", async () => {
    images.facts = { ...facts, layers: [{ name: "layer", sizeBytes: 3e9 }] };
    await expect(deploy()).rejects.toThrow("[IMAGE_TOO_LARGE] Cannot run app on lite");
    expect([images.pushes, runs, images.isOpen]).toEqual([[], [], false]);
    expect(await deploy([], { raw: { force: true } })).toBe(0);
    expect(said.join("\n")).toContain("Cannot run app on lite");
    await expect(deploy([], { raw: { diskLimit: "4GB" } })).resolves.toBe(0);
  });

  it("gives wrangler's exit code, and tags no version that failed", async () => {
    exitCode = 7;
    expect(await deploy()).toBe(7);
    expect(images.pushes).toHaveLength(1);
    expect(await readdir(directory)).toEqual(["Dockerfile", "src", "wrangler.jsonc"]);
  });

  it("deploys nothing when the push fails", async () => {
    images.failingTag = ":berth-dddddddddddd";
    await expect(deploy()).rejects.toThrow("the registry is gone");
    expect(runs).toEqual([]);
  });

  it("says what to do when only the version's tag fails", async () => {
    images.failingTag = ":1a2b3c4d";
    expect(await deploy()).toBe(0);
    expect(said.at(-1)).toContain(`for version ${versionId}: the registry is gone; keep ${digest}`);
  });

  it("says what wrangler finds wrong in a configuration", async () => {
    await writeFile(join(directory, "wrangler.jsonc"), configText({ image: "./None" }));
    const deploying = deploy();
    await expect(deploying).rejects.toThrow("does not appear to be a valid path to a Dockerfile");
    await expect(deploying).rejects.toMatchObject({ code: "WRANGLER_FAILED" });
  });

  it("deploys by the real wrangler to a stand-in of Cloudflare's API", async () => {
    await using api = await startCloudflareApi(registryHost);
    const wrangler = await findWrangler(repository);
    const env = { ...process.env, ...api.env, WRANGLER_LOG_PATH: join(directory, "logs") };
    let output = "";
    const ask = createAskWrangler({ wrangler, projectDir: directory, env });
    const parts: Partial<DeployParts> = {
      env,
      openRegistry: () =>
        openCloudflareRegistry({ ask, env: { ...env, CLOUDFLARE_ACCOUNT_ID: "" } }),
      runWrangler: (args, childEnv) =>
        new Promise((resolve) => {
          const options = { cwd: directory, env: childEnv };
          const child = spawn(wrangler.node, [wrangler.script, ...args], options);
          child.stdin.end();
          child.stdout.on("data", (chunk: Buffer) => (output += chunk.toString()));
          child.stderr.on("data", (chunk: Buffer) => (output += chunk.toString()));
          child.once("close", (code) => resolve(code ?? 1));
        }),
    };
    expect(await deploy([], { parts }), output).toBe(0);
    expect(api.applications).toMatchObject([{ name: "app-app", configuration: { image: uri } }]);
    expect(images.pushes[1]).toContain(`:${api.versions[0]?.id.split("-")[0]}`);
    expect(api.requests).toContainEqual(
      expect.stringMatching(/^POST .*\/registries\/.*\/credentials$/),
    );
    expect(await readdir(directory)).not.toContainEqual(expect.stringContaining("berth-deploy"));
  }, 60_000);
});

function configText(container: object): string {
  return JSON.stringify({
    name: "app",
    main: "src/index.js",
    compatibility_date: "2026-01-01",
    containers: [{ class_name: "App", ...container }],
    durable_objects: { bindings: [{ name: "APP", class_name: "App" }] },
    migrations: [{ tag: "v1", new_sqlite_classes: ["App"] }],
  });
}

async function refuseToAsk(): Promise<string> {
  throw new Error("nobody is logged in");
}
