import { buildCommand } from "./build-command.ts";
import { CliError } from "./cli-error.ts";
import type { Command } from "./command.ts";
import { psCommand, rmCommand } from "./container-commands.ts";
import {
  imagesCommand,
  inspectCommand,
  pullCommand,
  rmiCommand,
  tagCommand,
} from "./image-commands.ts";
import { contextListCommand, infoCommand, versionCommand } from "./system-commands.ts";

// Loaded when they are called: the client of registries takes longer to load than all others, and
// wrangler calls docker many times.
const loginCommand: Command = async (scope) =>
  (await import("./login-command.ts")).loginCommand(scope);
const manifestCommand: Command = async (scope) =>
  (await import("./manifest-command.ts")).manifestCommand(scope);
const pushCommand: Command = async (scope) =>
  (await import("./push-command.ts")).pushCommand(scope);

const commands: ReadonlyMap<string, Command> = new Map([
  ["build", buildCommand],
  ["buildx build", buildCommand],
  ["context ls", contextListCommand],
  ["container ls", psCommand],
  ["container rm", rmCommand],
  ["image build", buildCommand],
  ["image inspect", inspectCommand],
  ["image ls", imagesCommand],
  ["image pull", pullCommand],
  ["image push", pushCommand],
  ["image rm", rmiCommand],
  ["image tag", tagCommand],
  ["images", imagesCommand],
  ["info", infoCommand],
  ["login", loginCommand],
  ["manifest inspect", manifestCommand],
  ["ps", psCommand],
  ["pull", pullCommand],
  ["push", pushCommand],
  ["rm", rmCommand],
  ["rmi", rmiCommand],
  ["tag", tagCommand],
  ["version", versionCommand],
]);

/** A command line, taken apart. */
export interface CommandLine {
  readonly command: Command;
  /** What follows the command's name. */
  readonly args: readonly string[];
  /** The engine's address, when the line names one. */
  readonly host: string | undefined;
}

/**
 * Finds the command that a line asks for.
 *
 * @param argv without the program
 * @throws {CliError} for one that the embedded engine does not have
 */
export function findCommand(argv: readonly string[]): CommandLine {
  const { host, rest } = takeGlobalFlags(argv);
  for (const wordCount of [2, 1]) {
    const command = commands.get(rest.slice(0, wordCount).join(" "));
    if (command !== undefined && rest.length >= wordCount) {
      return { command, args: rest.slice(wordCount), host };
    }
  }
  throw new CliError(
    `docker ${rest.slice(0, 2).join(" ")} is not a command of the embedded engine; ` +
      `it has ${[...commands.keys()].join(", ")}`,
  );
}

function takeGlobalFlags(argv: readonly string[]): {
  readonly host: string | undefined;
  readonly rest: readonly string[];
} {
  let host: string | undefined;
  let rest = [...argv];
  while (rest[0]?.startsWith("-")) {
    const [flag = "", value] = rest;
    const inline = /^(?:--host|-H)=(.+)$/.exec(flag)?.[1];
    if (inline === undefined && flag !== "--host" && flag !== "-H") {
      throw new CliError(`unknown flag ${flag}: before the command only --host is known`);
    }
    host = inline ?? value;
    rest = rest.slice(inline === undefined ? 2 : 1);
  }
  return { host, rest };
}
