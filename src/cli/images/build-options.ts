import { join, resolve } from "node:path";

import { CliError } from "../cli-error.ts";
import type { BuildImageOptions, Compression } from "./image-options.ts";
import { parseBuildArgs, parsePlatform, parseTags } from "./parse-flags.ts";
import { parseBuildContexts, parseSecrets } from "./parse-sources.ts";
import { common, pushChecks, type RawCommonFlags, type RawPushCheckFlags } from "./shared-flags.ts";

/** What commander reads of `berth images build`. */
export interface RawBuildFlags extends RawCommonFlags, RawPushCheckFlags {
  readonly tag: readonly string[];
  readonly push?: true;
  readonly file?: string;
  readonly platform: string;
  readonly buildArg: readonly string[];
  readonly target?: string;
  readonly buildContext: readonly string[];
  readonly secret: readonly string[];
  readonly network: "none" | "default";
  readonly compression: Compression;
  readonly cache: boolean;
  readonly pull?: true;
  readonly builder?: "docker" | "podman";
  readonly output?: string;
}

/**
 * Reads the options of `berth images build`.
 *
 * @throws {CliError} BAD_OPTION
 */
export function toBuildOptions(
  path: string,
  flags: RawBuildFlags,
  { cwd, env }: { readonly cwd: string; readonly env: NodeJS.ProcessEnv },
): BuildImageOptions {
  const contextDir = resolve(cwd, path);
  const isPushed = flags.push === true;
  if (flags.write === true && !isPushed) {
    throw new CliError("BAD_OPTION", "Cannot use --write without --push: there is no URI to write");
  }
  return {
    ...common(flags, cwd),
    ...pushChecks(flags, cwd),
    contextDir,
    dockerfilePath:
      flags.file === undefined ? join(contextDir, "Dockerfile") : resolve(cwd, flags.file),
    tags: parseTags(flags.tag, contextDir),
    isPushed,
    platform: parsePlatform(flags.platform),
    buildArgs: parseBuildArgs(flags.buildArg, env),
    target: flags.target,
    buildContexts: parseBuildContexts(flags.buildContext, cwd),
    secrets: parseSecrets(flags.secret, cwd),
    runNetwork: flags.network === "default" ? "internet" : "none",
    compression: flags.compression,
    isCacheUsed: flags.cache,
    isPullForced: flags.pull === true,
    builder: flags.builder ?? "berth",
    output: flags.output === undefined ? undefined : resolve(cwd, flags.output),
  };
}
