import { resolve } from "node:path";

import type { Command } from "commander";

import { toBytes } from "../deploy/deploy-options.ts";
import type { CommonOptions, PushCheckOptions, KeepOptions } from "./image-options.ts";

/** What commander reads of the flags that every command has. */
export interface RawCommonFlags {
  readonly imagesDir?: string;
  readonly json?: true;
}

/** Adds the flags that every command on images has. */
export function withCommon(command: Command): Command {
  return command
    .option("--images-dir <path>", "where images are kept (default: $BERTH_IMAGES_DIR, or a cache)")
    .option("--json", "print one JSON document");
}

/** Reads what {@link withCommon} added. */
export function common(flags: RawCommonFlags, cwd: string): CommonOptions {
  return { imagesDir: toPath(flags.imagesDir, cwd), isJson: flags.json === true };
}

/** What commander reads of the flags of commands that push. */
export interface RawPushCheckFlags {
  readonly force?: true;
  readonly instanceType?: string;
  readonly diskLimit?: string;
  readonly accountLimit?: string;
  readonly config?: string;
  readonly write?: true;
  readonly class?: string;
}

/** Adds the flags of commands that push. */
export function withPushChecks(command: Command): Command {
  return command
    .option("--instance-type <type>", "check that it fits this type (default: the configuration's)")
    .option("--disk-limit <size>", "check against this disk instead of the type's: 8GB")
    .option("--account-limit <size>", "what the account's images may come to (default: 50GB)")
    .option("--force", "push what does not fit too")
    .option("-c, --config <path>", "the wrangler configuration")
    .option("--write", "write the pushed image's URI into the configuration")
    .option("--class <name>", "the container to write it to, where there are several");
}

/** Reads what {@link withPushChecks} added. */
export function pushChecks(flags: RawPushCheckFlags, cwd: string): PushCheckOptions {
  return {
    isForced: flags.force === true,
    instanceType: flags.instanceType,
    diskBytes: toSize(flags.diskLimit, "--disk-limit"),
    accountLimitBytes: toSize(flags.accountLimit, "--account-limit"),
    configPath: toPath(flags.config, cwd),
    isWritten: flags.write === true,
    className: flags.class,
  };
}

/** What commander reads of the flags of commands that delete. */
export interface RawKeepFlags {
  readonly keepFile?: string;
  readonly config?: string;
}

/** Adds the flags of commands that delete. */
export function withKeep(command: Command): Command {
  return command
    .option("--keep-file <path>", "what is in use besides: a reference or digest a line")
    .option("-c, --config <path>", "the wrangler configuration whose images are in use");
}

/** Reads what {@link withKeep} added. */
export function keep(flags: RawKeepFlags, cwd: string): KeepOptions {
  return { keepFile: toPath(flags.keepFile, cwd), configPath: toPath(flags.config, cwd) };
}

function toSize(text: string | undefined, option: string): number | undefined {
  return text === undefined ? undefined : toBytes(text, option);
}

function toPath(text: string | undefined, cwd: string): string | undefined {
  return text === undefined ? undefined : resolve(cwd, text);
}
