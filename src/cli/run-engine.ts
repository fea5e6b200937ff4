import { startEngine } from "../engine/start-engine.ts";
import { EndSignals } from "./end-signals.ts";
import { imagesDir } from "./images-dir.ts";
import { createPalette } from "./palette.ts";
import { createLogPrinter, type LineSink } from "./print-engine-log.ts";
import { runChild } from "./run-child.ts";

/** What `berth engine` was asked for. */
export interface EngineCommandOptions {
  /** The program and its arguments. */
  readonly command: readonly string[];
  /** Whether registries are asked for images that are not here. */
  readonly isPullAllowed: boolean;
}

/**
 * `berth engine -- COMMAND`: runs a command with an embedded engine that ends with it.
 *
 * @returns the command's exit code
 * @throws {CliError} COMMAND_NOT_FOUND
 */
export async function runEngine(
  { command, isPullAllowed }: EngineCommandOptions,
  sink: LineSink,
): Promise<number> {
  const [program = "", ...args] = command;
  using signals = new EndSignals();
  const kept = imagesDir(process.env);
  await using engine = await startEngine({
    ...(kept !== undefined && { imagesDir: kept }),
    ...(!isPullAllowed && { registry: "off" }),
    // stdout is the command's own: it may be piped to something that reads it.
    log: createLogPrinter({ ...sink, stdout: sink.stderr }, createPalette(process.stderr.isTTY)),
  });
  const env = { ...process.env, ...engine.env };
  return await runChild({ program, args, cwd: process.cwd(), env }, signals);
}
