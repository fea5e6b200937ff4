import { resolve } from "node:path";

import { ACCOUNT_IMAGES_MB } from "../../core/image/instance-limits.ts";
import { CliError } from "../cli-error.ts";
import { valuesOf } from "../dev-options.ts";

/** What builds the images. */
export type BuilderKind = "berth" | "docker" | "podman";

/** What `berth deploy` was asked for. */
export interface DeployOptions {
  readonly builder: BuilderKind;
  /** "force": what the checks find is told, and the image pushed. */
  readonly checks: "check" | "force";
  /** What all images of the account may come to. */
  readonly accountLimitBytes: number;
  /** The disk to check against, instead of the instance type's. */
  readonly diskBytes: number | undefined;
  /** What RUN may reach. */
  readonly runNetwork: "none" | "internet";
  /** Where images are kept; absolute, undefined for the user's own place. */
  readonly imagesDir: string | undefined;
  /** Whether wrangler only tries: then nothing is pushed. */
  readonly isDryRun: boolean;
  /** Whether wrangler leaves the containers as they are. */
  readonly isContainerless: boolean;
  /** Passed on as they are. */
  readonly wranglerArgs: readonly string[];
  /** Where wrangler works: its `--cwd`, or ours. */
  readonly projectDir: string;
}

/** What commander read. */
export interface RawDeployOptions {
  readonly builder?: string;
  readonly force?: boolean;
  readonly accountLimit?: string;
  readonly diskLimit?: string;
  readonly imagesDir?: string;
  readonly network?: "none" | "default";
}

const MB = 1000 * 1000;

/**
 * Checks berth's own options and keeps wrangler's.
 *
 * @throws {CliError} BAD_OPTION
 */
export function toDeployOptions(
  raw: RawDeployOptions,
  wranglerArgs: readonly string[],
  cwd: string,
): DeployOptions {
  const { diskLimit, accountLimit } = raw;
  return {
    builder: toBuilderKind(raw.builder),
    checks: raw.force === true ? "force" : "check",
    accountLimitBytes:
      accountLimit === undefined
        ? ACCOUNT_IMAGES_MB * MB
        : toBytes(accountLimit, "--account-limit"),
    diskBytes: diskLimit === undefined ? undefined : toBytes(diskLimit, "--disk-limit"),
    runNetwork: raw.network === "none" ? "none" : "internet",
    imagesDir: raw.imagesDir === undefined ? undefined : resolve(cwd, raw.imagesDir),
    isDryRun: isSet(wranglerArgs, "--dry-run"),
    isContainerless: valuesOf(wranglerArgs, ["--containers-rollout"]).at(-1) === "none",
    wranglerArgs,
    projectDir: resolve(cwd, valuesOf(wranglerArgs, ["--cwd"]).at(-1) ?? "."),
  };
}

function toBuilderKind(text: string | undefined): BuilderKind {
  if (text === undefined) return "berth";
  if (text === "berth" || text === "docker" || text === "podman") return text;
  throw new CliError("BAD_OPTION", `Cannot use --builder ${text}; give berth, docker or podman`);
}

/**
 * Reads a size such as "8GB" or "500 MB".
 *
 * @throws {CliError} BAD_OPTION
 */
export function toBytes(text: string, option: string): number {
  const match = /^(\d+(?:\.\d+)?) ?(MB|GB)$/i.exec(text.trim());
  const count = Number(match?.[1]);
  if (match === null || count === 0) {
    throw new CliError("BAD_OPTION", `Cannot use ${option} ${text}; write it as 8GB or 500MB`);
  }
  return Math.round(count * (match[2]?.toUpperCase() === "GB" ? 1000 * MB : MB));
}

/** A flag of wrangler's: the last spelling counts, and "false" turns it off. */
function isSet(args: readonly string[], name: string): boolean {
  const given = args.filter((arg) => arg === name || arg.startsWith(`${name}=`)).at(-1);
  const at = given === undefined ? -1 : args.lastIndexOf(given);
  return given !== undefined && given !== `${name}=false` && args[at + 1] !== "false";
}
