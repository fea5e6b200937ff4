import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";

import { accountBytes, addedBytes, type StoredImage } from "../../images/guard/account-bytes.ts";
import type { ImageProblem } from "../../images/guard/check-image.ts";
import { refuseProblems } from "../../images/guard/refuse-problems.ts";
import { CliError } from "../cli-error.ts";
import { valuesOf } from "../dev-options.ts";
import type { CloudflareRegistry } from "./cloudflare-registry.ts";
import type { AccountUsage, BuiltImage, DeployImages } from "./deploy-images.ts";
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
    const own = options.builder === "docker" ? parts.env["WRANGLER_DOCKER_BIN"] : undefined;
    const dockerBin = own ?? options.builder;
    return parts.runWrangler(args, { ...parts.env, WRANGLER_DOCKER_BIN: dockerBin });
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

  constructor(options: DeployOptions, parts: DeployParts, config: DeployConfig) {
    this.#options = options;
    this.#parts = parts;
    this.#config = config;
  }

  async run(): Promise<number> {
    const registry = this.#parts.openRegistry(this.#config);
    await using images = await this.#parts.openImages(registry);
    const account = this.#options.isDryRun ? undefined : this.#measureAccount(images);
    const prepared: Prepared[] = [];
    for (const source of this.#config.images) {
      prepared.push(await this.#prepare(source, images, registry));
    }
    await this.#check(prepared, await account);
    if (!this.#options.isDryRun) await this.#push(prepared, images);
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

  /** While images are built; a deployment does not fail because nobody knows. */
  async #measureAccount(images: DeployImages): Promise<readonly StoredImage[] | undefined> {
    try {
      return await images.measureAccount();
    } catch (error) {
      const why = error instanceof Error ? error.message : String(error);
      this.#parts.say(`the account's limit is not checked: cannot list its images: ${why}`);
      return undefined;
    }
  }

  async #check(
    prepared: readonly Prepared[],
    account: readonly StoredImage[] | undefined,
  ): Promise<void> {
    const problems: ImageProblem[] = [];
    const held = account === undefined ? undefined : [...account];
    for (const { source, built } of prepared) {
      const limits = {
        instanceType: source.instanceType,
        diskBytes: this.#options.diskBytes ?? source.diskBytes ?? Infinity,
        accountBytes: this.#options.accountLimitBytes,
      };
      problems.push(...(await built.check(limits, usageOf(built, held))));
      held?.push(built);
    }
    for (const text of refuseProblems(problems, this.#options.checks)) this.#parts.say(text);
  }

  /** Each under a tag of its own, so that a registry that collects what has no tag keeps it. */
  async #push(prepared: readonly Prepared[], images: DeployImages): Promise<void> {
    for (const { built, repository } of prepared) {
      const reference = `${repository}:${shortDigest(built)}`;
      await images.push(built, reference);
      this.#parts.say(`pushed ${repository}@${built.digest}`);
    }
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
            `keep ${built.digest} by --keep-file when you delete images`,
        );
      }
    }
  }
}

function usageOf(
  built: BuiltImage,
  held: readonly StoredImage[] | undefined,
): AccountUsage | undefined {
  if (held === undefined) return undefined;
  return { accountBytes: accountBytes(held), addedBytes: addedBytes(built, held) };
}

function toPinned({ source, built, repository }: Prepared): PinnedImage {
  const { index, imageName } = source;
  return { index, imageName, uri: `${repository}@${built.digest}` };
}

function shortDigest({ digest }: BuiltImage): string {
  const hex = digest.split(":")[1];
  if (hex !== undefined) return `berth-${hex.slice(0, 12)}`;
  throw new CliError("BAD_OPTION", `Cannot deploy: ${digest} is no digest`);
}
