import { mkdtemp, readdir, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, it } from "vitest";

import { openCloudflareRegistry } from "../../../src/cli/deploy/cloudflare-registry.ts";
import type {
  BuiltImage,
  DeployBuild,
  DeployImages,
} from "../../../src/cli/deploy/deploy-images.ts";
import { toDeployOptions, type RawDeployOptions } from "../../../src/cli/deploy/deploy-options.ts";
import type {
  DeployConfig,
  DockerfileImage,
} from "../../../src/cli/deploy/read-wrangler-config.ts";
import { runDeploy, type DeployParts } from "../../../src/cli/deploy/run-deploy.ts";
import type { StoredImage } from "../../../src/images/guard/account-bytes.ts";
import { checkImage } from "../../../src/images/guard/check-image.ts";
import type { ImageFacts } from "../../../src/images/guard/image-facts.ts";
import { ACCOUNT_ID } from "./cloudflare-api.ts";
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
  account: readonly StoredImage[] | undefined = [];

  async build(request: DeployBuild): Promise<BuiltImage> {
    this.builds.push(request);
    return {
      ...{ tag: request.tag, digest, blobs: [{ digest, sizeBytes: 1e9 }] },
      check: async (limits, account) => checkImage({ ...this.facts, ...account }, limits),
    };
  }

  async measureAccount(): Promise<readonly StoredImage[]> {
    if (this.account === undefined) throw new Error("nobody knows");
    return this.account;
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

const source: DockerfileImage = {
  index: 0,
  className: "App",
  imageName: undefined,
  repository: "app-app",
  dockerfilePath: "/project/Dockerfile",
  contextDir: "/project",
  buildArgs: { A: "1" },
  instanceType: "lite",
  diskBytes: 2e9,
};

interface Run {
  readonly args: readonly string[];
  readonly env: NodeJS.ProcessEnv;
  /** Of the configuration that it is given. */
  readonly config: string;
}

describe("runDeploy()", () => {
  let directory: string;
  let config: DeployConfig;
  let images: NotedImages;
  let said: string[];
  let runs: Run[];
  let exitCode: number;
  beforeEach(async () => {
    directory = await mkdtemp(join(tmpdir(), "berth-run-deploy-"));
    await writeFile(join(directory, "wrangler.jsonc"), configText({ image: "./Dockerfile" }));
    config = {
      configPath: join(directory, "wrangler.jsonc"),
      ...{ workerName: "app", accountId: undefined, complianceRegion: undefined },
      images: [source],
    };
    [images, said, runs, exitCode] = [new NotedImages(), [], [], 0];
  });
  afterEach(() => rm(directory, { recursive: true, force: true }));

  const deploy = async (
    args: readonly string[] = [],
    change: { readonly raw?: RawDeployOptions; readonly parts?: Partial<DeployParts> } = {},
  ): Promise<number> => {
    const options = toDeployOptions(change.raw ?? {}, args, directory);
    return runDeploy(options, {
      readConfig: async () => config,
      openImages: async () => images,
      openRegistry: () => ({
        host: registryHost,
        credentials: async () => undefined,
        qualify: async (name) => `${registryHost}/${ACCOUNT_ID}/${name}`,
      }),
      runWrangler: async (words, env) => {
        const path = words[words.indexOf("--config") + 1] ?? "";
        runs.push({ args: words, env, config: await readFile(path, "utf8").catch(() => "") });
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
    const { dockerfilePath, contextDir, buildArgs } = source;
    const tag = "app-app:latest";
    expect(images.builds).toEqual([{ dockerfilePath, contextDir, buildArgs, tag }]);
    const repositoryName = `${registryHost}/${ACCOUNT_ID}/app-app`;
    expect(images.pushes).toEqual([
      `app-app:latest to ${repositoryName}:berth-dddddddddddd`,
      `app-app:latest to ${repositoryName}:1a2b3c4d`,
    ]);
    expect(runs.map(({ args }) => args.toSpliced(2, 1))).toEqual([
      ["deploy", "--config", "--minify"],
    ]);
    expect(JSON.parse(runs[0]?.config ?? "")).toMatchObject({ containers: [{ image: uri }] });
    expect(await readdir(directory)).toEqual(["wrangler.jsonc"]);
    expect(images.isOpen).toBe(false);
  });

  it("pins an image of `images`, and leaves the others", async () => {
    const two = { image: `registry.cloudflare.com/${ACCOUNT_ID}/two@${digest}` };
    const one = { dockerfile: "./Dockerfile", build_context: "./context", build_vars: { A: "1" } };
    await writeFile(config.configPath, configText({ images: { one, two } }));
    config = { ...config, images: [{ ...source, imageName: "one" }] };
    expect(await deploy()).toBe(0);
    expect(JSON.parse(runs[0]?.config ?? "").containers[0].images).toEqual({
      one: { image: uri },
      two,
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
    ["references", [], {}, []],
    ["another builder", [source], { builder: "podman" }, ["--config", "other.jsonc"]],
    ["containers as they are", [source], {}, ["--containers-rollout=none"]],
  ] satisfies [string, DockerfileImage[], RawDeployOptions, string[]][])(
    "leaves %s to wrangler",
    async (_, sources, raw: RawDeployOptions, words) => {
      config = { ...config, images: sources };
      expect(await deploy(words, { raw })).toBe(0);
      expect(images.builds).toEqual([]);
      expect(runs.map(({ args }) => args)).toEqual([["deploy", ...words]]);
      expect(runs[0]?.env["WRANGLER_DOCKER_BIN"]).toBe(raw.builder);
    },
  );

  it("weighs the account with all that is pushed, once each", async () => {
    images.account = [{ blobs: [{ digest: "sha256:held", sizeBytes: 49.5e9 }] }];
    await expect(deploy()).rejects.toThrow("[ACCOUNT_FULL] Cannot push app: it adds 1.00 GB");
    expect(images.pushes).toEqual([]);
    expect(await deploy([], { raw: { accountLimit: "51GB" } })).toBe(0);
    images.account = [...images.account, { blobs: [{ digest, sizeBytes: 1e9 }] }];
    expect(await deploy()).toBe(0); // it is there: nothing is added
  });

  it("deploys when nobody knows what the account holds, and says so", async () => {
    images.account = undefined;
    expect(await deploy()).toBe(0);
    expect(said).toContainEqual(expect.stringContaining("limit is not checked"));
  });

  it("takes no version of an earlier deployment from wrangler's output file", async () => {
    const path = join(directory, "output.ndjson");
    await writeFile(path, `${JSON.stringify({ type: "deploy", version_id: versionId })}\n`);
    const parts: Partial<DeployParts> = {
      env: { WRANGLER_OUTPUT_FILE_PATH: path },
      runWrangler: async () => 0,
    };
    expect(await deploy([], { parts })).toBe(0);
    expect(images.pushes).toHaveLength(1);
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
    expect(await readdir(directory)).toEqual(["wrangler.jsonc"]);
  });

  it("leaves nothing behind when wrangler cannot be run", async () => {
    const runWrangler = async (): Promise<number> => {
      throw new Error("no such program");
    };
    await expect(deploy([], { parts: { runWrangler } })).rejects.toThrow("no such program");
    expect(await readdir(directory)).toEqual(["wrangler.jsonc"]);
    expect(images.isOpen).toBe(false);
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
});

function configText(container: object): string {
  return JSON.stringify({ name: "app", containers: [{ class_name: "App", ...container }] });
}

async function refuseToAsk(): Promise<string> {
  throw new Error("nobody is logged in");
}
