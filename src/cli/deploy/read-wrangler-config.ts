import { existsSync } from "node:fs";
import { dirname, resolve } from "node:path";

import { SIZE_LIMITS } from "../../core/image/instance-limits.ts";
import { CliError } from "../cli-error.ts";
import { valuesOf } from "../dev-options.ts";
import type { WranglerProgram } from "../find-wrangler.ts";
import { instanceSize } from "../instance-type.ts";
import { askWranglerConfig } from "../wrangler-config.ts";
import { fieldOf, listOf, textOf } from "./parse-wrangler-json.ts";

/** A wrangler configuration as a deployment reads it. */
export interface DeployConfig {
  /** The file that wrangler deploys from: a build tool may have generated it. */
  readonly configPath: string;
  readonly workerName: string | undefined;
  readonly accountId: string | undefined;
  readonly complianceRegion: string | undefined;
  readonly images: readonly DockerfileImage[];
}

/** An image of a configuration that is built from a Dockerfile. */
export interface DockerfileImage {
  /** The container's place in the configuration. */
  readonly index: number;
  readonly className: string | undefined;
  /** The key of `images`, which containers of the policy "durable_object" have. */
  readonly imageName: string | undefined;
  /** What it is called in the registry, without account and tag. */
  readonly repository: string;
  readonly dockerfilePath: string;
  readonly contextDir: string;
  readonly buildArgs: Readonly<Record<string, string>>;
  /** The name of its instance type, for what is printed. */
  readonly instanceType: string;
  /** undefined for a type that is newer than our table. */
  readonly diskBytes: number | undefined;
}

/**
 * Asks the project's wrangler what a deployment with these options would deploy.
 *
 * @throws {CliError} WRANGLER_FAILED, with what wrangler says of the configuration
 */
export async function readDeployConfig(
  wrangler: WranglerProgram,
  args: readonly string[],
  projectDir: string,
): Promise<DeployConfig> {
  if (valuesOf(args, ["--config", "-c"]).length > 1) {
    const text = "Cannot deploy several configurations at once; give --config one time";
    throw new CliError("BAD_OPTION", text);
  }
  const [config] = await askWranglerConfig(wrangler, args, { projectDir, kind: "deploy" });
  const configPath = textOf(config, "configPath");
  if (configPath === undefined) {
    const text = `Cannot deploy from ${projectDir}: it has no wrangler.jsonc, .json or .toml; write one, or give --config`;
    throw new CliError("WRANGLER_FAILED", text);
  }
  const workerName = textOf(config, "name");
  const containers = listOf(fieldOf(config, "containers"));
  return {
    ...{ configPath, workerName },
    accountId: textOf(config, "account_id"),
    complianceRegion: textOf(config, "compliance_region"),
    images: containers.flatMap((container, index) =>
      imagesOf(container, { index, workerName, baseDir: dirname(configPath) }),
    ),
  };
}

interface Place {
  readonly index: number;
  readonly workerName: string | undefined;
  readonly baseDir: string;
}

function imagesOf(container: unknown, place: Place): readonly DockerfileImage[] {
  const className = textOf(container, "class_name");
  const worker = place.workerName ?? "worker";
  const shared = { index: place.index, className };
  const images = fieldOf(container, "images");
  if (typeof images !== "object" || images === null) {
    const source = sourceOf(container, ["image", "image_build_context", "image_vars"], place);
    const repository = toRepository(textOf(container, "name") ?? `${worker}-${className ?? ""}`);
    if (source === undefined) return [];
    return [{ ...shared, ...source, ...sizeOf(container), imageName: undefined, repository }];
  }
  return Object.entries(images).flatMap(([imageName, image]: [string, unknown]) => {
    const source = sourceOf(image, ["dockerfile", "build_context", "build_vars"], place);
    const repository = toRepository(`${worker}-${className ?? "container"}-${imageName}`);
    return source === undefined
      ? []
      : [{ ...shared, ...source, ...anySize, imageName, repository }];
  });
}

type Size = Pick<DockerfileImage, "diskBytes" | "instanceType">;

/** Each start of such a container says its size: the image has to fit on the largest. */
const anySize: Size = {
  instanceType: "the largest instance",
  diskBytes: SIZE_LIMITS.maxDiskMb * 1000 * 1000,
};

function sizeOf(container: unknown): Size {
  const size = fieldOf(container, "instance_type") ?? customSize(container);
  const ofItsOwn = "its instance_type";
  return {
    instanceType: typeof size === "string" ? size : size === undefined ? "lite" : ofItsOwn,
    diskBytes: instanceSize(size)?.diskBytes,
  };
}

/** `configuration`, the former place of a size of one's own. */
function customSize(container: unknown): unknown {
  const old = fieldOf(container, "configuration");
  const diskMb = fieldOf(fieldOf(old, "disk"), "size_mb");
  return diskMb === undefined ? undefined : { disk_mb: diskMb };
}

type Source = Pick<DockerfileImage, "buildArgs" | "contextDir" | "dockerfilePath">;

/** As wrangler: what is there as a file is a Dockerfile, anything else names an image. */
function sourceOf(
  value: unknown,
  [imageKey, contextKey, varsKey]: readonly [string, string, string],
  { baseDir }: Place,
): Source | undefined {
  const image = textOf(value, imageKey);
  if (image === undefined) return undefined;
  const dockerfilePath = resolve(baseDir, image);
  if (imageKey === "image" && !existsSync(dockerfilePath)) return undefined;
  const context = textOf(value, contextKey);
  const contextDir = context === undefined ? dirname(dockerfilePath) : resolve(baseDir, context);
  return { dockerfilePath, contextDir, buildArgs: toStrings(fieldOf(value, varsKey)) };
}

function toStrings(value: unknown): Readonly<Record<string, string>> {
  if (typeof value !== "object" || value === null) return {};
  return Object.fromEntries(Object.entries(value).map(([key, entry]) => [key, String(entry)]));
}

/** A repository's name has no upper case, and no mark at its ends. */
function toRepository(name: string): string {
  const lower = name.toLowerCase().replace(/[^a-z0-9]+/g, "-");
  return lower.replace(/^-+|-+$/g, "") || "container";
}
