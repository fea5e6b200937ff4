import { CommanderError } from "commander";

import manifest from "../../package.json" with { type: "json" };
import { EngineError } from "../engine/engine-error.ts";
import { SandboxError } from "../engine/sandbox/sandbox-error.ts";
import { ImageError } from "../images/image-error.ts";
import { CliError } from "./cli-error.ts";
import { createProgram } from "./create-program.ts";
import { createImageActions } from "./images/image-actions.ts";
import { loadConfigCommands, loadEngineCommands } from "./lazy/load.ts";
import type { LineSink } from "./print-engine-log.ts";
import { tolerateClosedPipe } from "./tolerate-closed-pipe.ts";

/**
 * Runs the command line.
 *
 * @param argv as `process.argv`
 */
export async function main(argv: readonly string[]): Promise<void> {
  const sink: LineSink = {
    stdout: (line) => process.stdout.write(`${line}\n`),
    stderr: (line) => process.stderr.write(`${line}\n`),
  };
  for (const stream of [process.stdout, process.stderr]) tolerateClosedPipe(stream);
  const { version } = manifest;
  const program = createProgram({
    ...{ version, cwd: process.cwd(), env: process.env },
    // A command loads what it needs, and no more: it is half of what a short one takes.
    actions: {
      dev: async (options) => (await loadEngineCommands()).runDev(options, sink),
      engine: async (options) => (await loadEngineCommands()).runEngine(options, sink),
      deploy: async (options) =>
        (await loadConfigCommands()).startDeploy(options, { sink, version }),
      images: createImageActions({ sink, version }),
    },
    onExitCode: (exitCode) => {
      process.exitCode = exitCode;
    },
  });
  try {
    await program.parseAsync([...argv]);
  } catch (error) {
    process.exitCode = exitCodeOf(error);
    if (error instanceof CommanderError) return; // it has said so itself
    sink.stderr(`berth: ${isExpected(error) ? error.message : describe(error)}`);
  }
}

/** 2 for wrong usage, 1 for all else that fails; help and the version are no failure. */
function exitCodeOf(error: unknown): number {
  if (error instanceof CommanderError) return error.exitCode === 0 ? 0 : 2;
  return error instanceof CliError && error.code === "BAD_OPTION" ? 2 : 1;
}

/** Errors whose message is meant for the user; a stack would only hide it. */
function isExpected(error: unknown): error is Error {
  return [CliError, EngineError, ImageError, SandboxError].some((kind) => error instanceof kind);
}

function describe(error: unknown): string {
  return error instanceof Error ? (error.stack ?? error.message) : String(error);
}
