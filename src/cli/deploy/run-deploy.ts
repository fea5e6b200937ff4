import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";

import { valuesOf } from "../dev-options.ts";
import { shortDigest } from "../images/short-digest.ts";
import type { CloudflareRegistry } from "./cloudflare-registry.ts";
import type { BuiltImage, DeployCheck, DeployImages } from "./deploy-images.ts";
import type { DeployOptions } from "./deploy-options.ts";
import { writePinnedConfig, type PinnedImage } from "./pinned-config.ts";
import type { DeployConfig, DockerfileImage } from "./read-wrangler-config.ts";
import { withoutOptions } from "./without-options.ts";
import { watchWranglerOutput } from "./wrangler-output.ts";

/** What {@link runDeploy} works with. */
export interface DeployParts {
  readonly readConfig: () => Promise<DeployConfig>;
  /** Opens the builder, when there is something to build. */
  readonly openImages: (registry: CloudflareRegistry) => Promise<DeployImages & AsyncDisposable>;
  readonly openRegistry: (config: DeployConfig) => CloudflareRegistry;
  /** Runs wrangler in the foreground; gives its exit code. */
  readonly runWrangler: (args: readonly string[], env: NodeJS.ProcessEnv) => Promise<number>;
  readonly say: (text: string) => void;
  readonly env: NodeJS.ProcessEnv;
}

/** In a dry run nobody may be logged in: the account of the pinned names is not looked at. */
const NO_ACCOUNT = "0".repeat(32);

/**
 * `berth deploy`: builds the images of the configuration without Docker, checks and pushes them,
 * and has wrangler deploy with their digests. Nothing is deployed when one of that fails.
 *
 * @returns wrangler's exit code
 * @throws {ImageError} {@link CliError}
 */
export async function runDeploy(options: DeployOptions, parts: DeployParts): Promise<number> {
  const args = ["deploy", ...withoutOptions(options.wranglerArgs, ["--cwd"])];
  if (options.builder !== "berth") {
    const { builder } = options;
    return parts.runWrangler(args, { ...parts.env, WRANGLER_DOCKER_BIN: builder });
  }
  if (options.isContainerless) return parts.runWrangler(args, parts.env);
  const config = await parts.readConfig();
  if (config.images.length === 0) return parts.runWrangler(args, parts.env);
  return new Deployment(options, parts, config).run();
}

interface Prepared {
  readonly source: DockerfileImage;
  readonly built: BuiltImage;
  /** With host and account, without tag. */
  readonly repository: string;
}

class Deployment {
  readonly #options: DeployOptions;
  readonly #parts: DeployParts;
  readonly #config: DeployConfig;
  /** Both checks of an image warn of the same. */
  readonly #warned = new Set<string>();

  constructor(options: DeployOptions, parts: DeployParts, config: DeployConfig) {
    this.#options = options;
    this.#parts = parts;
    this.#config = config;
  }

  async run(): Promise<number> {
    const registry = this.#parts.openRegistry(this.#config);
    await using images = await this.#parts.openImages(registry);
    const prepared: Prepared[] = [];
    for (const source of this.#config.images) {
      prepared.push(await this.#prepare(source, images, registry));
    }
    for (const image of prepared) await this.#check(image, images, "skip");
    for (const image of this.#options.isDryRun ? [] : prepared) await this.#push(image, images);
    const { exitCode, versionId } = await this.#deploy(prepared.map(toPinned));
    if (exitCode === 0 && versionId !== undefined) await this.#tag(prepared, images, versionId);
    return exitCode;
  }

  async #prepare(
    source: DockerfileImage,
    images: DeployImages,
    registry: CloudflareRegistry,
  ): Promise<Prepared> {
    const { dockerfilePath, contextDir, buildArgs, repository: name } = source;
    this.#parts.say(`building ${name} from ${dockerfilePath}`);
    const tag = `${name}:latest`;
    const built = await images.build({ dockerfilePath, contextDir, buildArgs, tag });
    const repository = this.#options.isDryRun
      ? `${registry.host}/${this.#config.accountId ?? NO_ACCOUNT}/${name}`
      : await registry.qualify(name);
    return { source, built, repository };
  }

  async #check(
    { source, built, repository }: Prepared,
    images: DeployImages,
    account: DeployCheck["account"],
  ): Promise<void> {
    const limits = {
      instanceType: source.instanceType,
      diskBytes: this.#options.diskBytes ?? source.diskBytes ?? Infinity,
      accountBytes: this.#options.accountLimitBytes,
    };
    const target = `${repository}:${ownTag(built)}`;
    const check = { target, limits, account, mode: this.#options.checks };
    for (const text of await images.check(built, check)) {
      if (!this.#warned.has(text)) this.#parts.say(`warning: ${text}`);
      this.#warned.add(text);
    }
  }

  /** Under a tag of its own, so that a registry that collects what has no tag keeps it. */
  async #push(image: Prepared, images: DeployImages): Promise<void> {
    await this.#check(image, images, "measure");
    const { built, repository } = image;
    await images.push(built, `${repository}:${ownTag(built)}`);
    this.#parts.say(`pushed ${uriOf(image)}`);
  }

  async #deploy(images: readonly PinnedImage[]): Promise<{
    readonly exitCode: number;
    readonly versionId: string | undefined;
  }> {
    const { env, runWrangler } = this.#parts;
    const { wranglerArgs, isDryRun } = this.#options;
    await using pinned = await writePinnedConfig({
      configPath: this.#config.configPath,
      envName: valuesOf(wranglerArgs, ["--env", "-e"]).at(-1) ?? env["CLOUDFLARE_ENV"],
      images,
    });
    const outputDir = await mkdtemp(join(tmpdir(), "berth-deploy-"));
    try {
      const given = env["WRANGLER_OUTPUT_FILE_PATH"];
      const output = await watchWranglerOutput(given ?? join(outputDir, "output.ndjson"));
      const rest = withoutOptions(wranglerArgs, ["--cwd", "--config", "-c"]);
      const exitCode = await runWrangler(["deploy", "--config", pinned.path, ...rest], {
        ...env,
        WRANGLER_OUTPUT_FILE_PATH: output.path,
      });
      return { exitCode, versionId: isDryRun ? undefined : await output.readVersion() };
    } finally {
      await rm(outputDir, { recursive: true, force: true });
    }
  }

  /** As wrangler tags what it pushes: so the image of a version is known, and kept, by its tag. */
  async #tag(
    prepared: readonly Prepared[],
    images: DeployImages,
    versionId: string,
  ): Promise<void> {
    const tag = versionId.split("-")[0] ?? versionId;
    for (const { built, repository } of prepared) {
      try {
        await images.push(built, `${repository}:${tag}`);
      } catch (error) {
        const why = error instanceof Error ? error.message : String(error);
        this.#parts.say(
          `deployed, but cannot tag ${repository} for version ${versionId}: ${why}; ` +
            `keep ${built.packed.manifest.digest} by --keep-file when you delete images`,
        );
      }
    }
  }
}

function toPinned(prepared: Prepared): PinnedImage {
  const { index, imageName } = prepared.source;
  return { index, imageName, uri: uriOf(prepared) };
}

function uriOf({ built, repository }: Prepared): string {
  return `${repository}@${built.packed.manifest.digest}`;
}

function ownTag({ packed }: BuiltImage): string {
  return `berth-${shortDigest(packed.manifest.digest)}`;
}
