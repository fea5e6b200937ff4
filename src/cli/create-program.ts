import { Command, Option } from "commander";

import { defineDeployCommand } from "./deploy/define-deploy-command.ts";
import type { DeployOptions } from "./deploy/deploy-options.ts";
import { toDevOptions, type DevOptions } from "./dev-options.ts";
import { defineImageCommands } from "./images/define-commands.ts";
import type { ImageActions } from "./images/image-options.ts";
import type { EngineCommandOptions } from "./run-engine.ts";

/** What the commands do; each gives its exit code. */
export interface ProgramActions {
  readonly dev: (options: DevOptions) => Promise<number>;
  readonly engine: (options: EngineCommandOptions) => Promise<number>;
  readonly deploy: (options: DeployOptions) => Promise<number>;
  readonly images: ImageActions;
}

/** What {@link createProgram} needs. */
export interface ProgramOptions {
  readonly version: string;
  readonly cwd: string;
  readonly env: NodeJS.ProcessEnv;
  readonly actions: ProgramActions;
  /** Told the exit code of the command that ran. */
  readonly onExitCode: (exitCode: number) => void;
}

interface RawDevFlags {
  engine?: string;
  enforceCpu?: boolean;
  runSteps: boolean;
  pull: boolean;
  mapImage: string[];
}

/** Makes the command line. */
export function createProgram(options: ProgramOptions): Command {
  const { actions, cwd, env, onExitCode } = options;
  const program = new Command("berth")
    .description("Cloudflare Containers without Docker, on this machine")
    .version(options.version)
    .enablePositionalOptions()
    .exitOverride(); // handed on to every command: the caller says what wrong usage comes to
  program
    .command("dev")
    .description("run wrangler dev with an embedded container engine; other options are wrangler's")
    .option("--engine <kind>", "process, docker or podman (default: process on Linux)")
    .option("--enforce-cpu", "enforce the CPU share of the instance type")
    .option("--no-run-steps", "refuse Dockerfiles with RUN steps")
    .addOption(noPullOption())
    .option(
      "--map-image <reference=Dockerfile>",
      "build a Dockerfile where the configuration names this image (repeatable)",
      (value: string, list: string[]) => [...list, value],
      [],
    )
    .allowUnknownOption()
    .allowExcessArguments()
    .action(async (flags: RawDevFlags, command: Command) => {
      onExitCode(await actions.dev(toDevOptions(flags, command.args, cwd)));
    });
  program
    .command("engine")
    .description("run any command with an embedded container engine: berth engine -- vite dev")
    .argument("<command...>")
    .addOption(noPullOption())
    .passThroughOptions()
    .action(async (command: string[], { pull }: { readonly pull: boolean }) => {
      onExitCode(await actions.engine({ command, isPullAllowed: pull }));
    });
  defineDeployCommand(program, { cwd, deploy: actions.deploy, onExitCode });
  defineImageCommands(program, { cwd, env, actions: actions.images, onExitCode });
  return program;
}

function noPullOption(): Option {
  const text = "ask no registry: this host's files stand for a base image that is not here";
  return new Option("--no-pull", text);
}
