import { Option, type Command } from "commander";

import { toDeployOptions, type DeployOptions, type RawDeployOptions } from "./deploy-options.ts";

/** What the command works with. */
export interface DeployCommandOptions {
  readonly cwd: string;
  readonly deploy: (options: DeployOptions) => Promise<number>;
  /** Told the exit code of the command. */
  readonly onExitCode: (exitCode: number) => void;
}

/** Adds `berth deploy` to the command line. */
export function defineDeployCommand(program: Command, options: DeployCommandOptions): void {
  program
    .command("deploy")
    .description(
      "build the images of the configuration without Docker, push them, and run wrangler deploy " +
        "with their digests; other options are wrangler's",
    )
    .option("--builder <kind>", "berth, docker or podman (default: berth)")
    .addOption(
      new Option("--network <kind>", "what RUN may reach; as by Docker, the internet")
        .choices(["none", "default"])
        .default("default"),
    )
    .option("--images-dir <path>", "where images are kept (default: $BERTH_IMAGES_DIR, or a cache)")
    .option("--force", "push what the checks refuse")
    .option("--disk-limit <size>", "check against this disk instead of the instance type's: 8GB")
    .option("--account-limit <size>", "what the account's images may come to (default: 50GB)")
    .allowUnknownOption()
    .allowExcessArguments()
    .action(async (flags: RawDeployOptions, command: Command) => {
      options.onExitCode(await options.deploy(toDeployOptions(flags, command.args, options.cwd)));
    });
}
