import { execFile } from "node:child_process";
import { promisify } from "node:util";

import { CliError } from "./cli-error.ts";
import { valuesOf } from "./dev-options.ts";
import { instanceSize, type InstanceSize } from "./instance-type.ts";
import type { WranglerProgram } from "./find-wrangler.ts";

/** A container of a wrangler configuration. */
export interface ContainerConfig {
  readonly className: string;
  /** The absolute path of its Dockerfile, or a reference. */
  readonly image: string | undefined;
  readonly size: InstanceSize | undefined;
}

// In a process of its own, since wrangler is large and may want another Node than ours.
const reader = `
const [module, kind, ...rest] = process.argv.slice(1);
const { unstable_readConfig: read } = require(module);
const [env, ...configs] = rest.map((text) => text === "" ? undefined : text);
const options = { hideWarnings: true, useRedirectIfAvailable: kind === "deploy" };
try {
  const answers = (configs.length > 0 ? configs : [undefined]).map((config) => {
    const { configPath, name, account_id, compliance_region, containers } = read({ config, env }, options);
    return { configPath, name, account_id, compliance_region, containers };
  });
  process.stdout.write("\\n" + JSON.stringify(answers));
} catch (error) {
  process.stderr.write(error.message);
  process.exitCode = 1;
}
`;

/**
 * Asks the project's own wrangler what its configuration says of containers.
 *
 * @returns undefined when wrangler can't read it: it says why itself when it starts
 */
export async function readContainerConfigs(
  wrangler: WranglerProgram,
  args: readonly string[],
  projectDir: string,
): Promise<readonly ContainerConfig[] | undefined> {
  try {
    const configs = await askWranglerConfig(wrangler, args, { projectDir, kind: "dev" });
    return configs.flatMap(containersOf).flatMap(toContainerConfig);
  } catch {
    return undefined;
  }
}

/**
 * Asks the project's own wrangler for its configurations, each as wrangler understands it.
 *
 * @param options `kind`: "deploy" follows the redirection that a build tool leaves for deployments
 * @throws {CliError} WRANGLER_FAILED, with what wrangler says
 */
export async function askWranglerConfig(
  wrangler: WranglerProgram,
  args: readonly string[],
  options: { readonly projectDir: string; readonly kind: "deploy" | "dev" },
): Promise<readonly unknown[]> {
  const env = valuesOf(args, ["--env", "-e"]).at(-1) ?? "";
  const configs = valuesOf(args, ["--config", "-c"]);
  const words = ["-e", reader, "--", wrangler.module, options.kind, env, ...configs];
  try {
    const { stdout } = await promisify(execFile)(wrangler.node, words, { cwd: options.projectDir });
    const value: unknown = JSON.parse(stdout.slice(stdout.lastIndexOf("\n") + 1));
    const configs: readonly unknown[] = Array.isArray(value) ? value : [];
    return configs;
  } catch (cause) {
    throw new CliError(
      "WRANGLER_FAILED",
      `Cannot read the wrangler configuration in ${options.projectDir}: ${saidBy(cause)}`,
      { cause },
    );
  }
}

function saidBy(cause: unknown): string {
  if (!(cause instanceof Error)) return String(cause);
  const stderr = "stderr" in cause && typeof cause.stderr === "string" ? cause.stderr.trim() : "";
  return stderr === "" ? cause.message : stderr;
}

function containersOf(config: unknown): readonly unknown[] {
  if (typeof config !== "object" || config === null || !("containers" in config)) return [];
  const containers: readonly unknown[] = Array.isArray(config.containers) ? config.containers : [];
  return containers;
}

function toContainerConfig(value: unknown): readonly ContainerConfig[] {
  if (typeof value !== "object" || value === null) return [];
  const className = "class_name" in value ? value.class_name : undefined;
  if (typeof className !== "string") return [];
  const image = "image" in value ? value.image : undefined;
  const size = instanceSize("instance_type" in value ? value.instance_type : undefined);
  return [{ className, size, image: typeof image === "string" ? image : undefined }];
}

/** @returns the container whose image `wrangler dev` builds under a tag */
export function containerOfTag(
  containers: readonly ContainerConfig[],
  tag: string,
): ContainerConfig | undefined {
  const name = /^cloudflare-dev\/([^:/]+)(?::|$)/.exec(tag)?.[1];
  return containers.find(({ className }) => className.toLowerCase() === name);
}
