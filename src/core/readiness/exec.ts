import { ContainerError } from "../../errors/container-error.ts";
import { shown } from "../../errors/shown.ts";
import type { ReadinessCheck } from "./readiness-check.ts";

/** What {@link exec} expects. */
export interface ExecCheckOptions {
  /** The exit code that means ready, 0 to 255. Default: 0. */
  readonly exitCode?: number;
}

/**
 * Makes a check that runs a program in the container: its exit code tells. A program that is not
 * there (127) or takes longer than `startup.probeTimeout` is "not yet".
 *
 * @param argv the program and its arguments; no shell reads them
 * @throws {ContainerError} `INVALID_CONFIG` when an argument cannot work
 * @example
 * ```ts
 * class Database extends Container {
 *   override ready = exec(["pg_isready", "-q"]);
 * }
 * ```
 */
export function exec(
  argv: readonly string[],
  { exitCode = 0 }: ExecCheckOptions = {},
): ReadinessCheck {
  const command = parseArgv(argv);
  if (!Number.isInteger(exitCode) || exitCode < 0 || exitCode > 255) {
    throw new ContainerError(
      "INVALID_CONFIG",
      `Cannot use exec(): ${shown(exitCode)} is not an exit code; use an integer from 0 to 255`,
    );
  }
  return async (probe) => (await probe.exec(command)) === exitCode;
}

function parseArgv(argv: unknown): readonly string[] {
  const isList = Array.isArray(argv) && argv.every((part) => typeof part === "string");
  if (isList && argv.length > 0 && argv[0] !== "") return [...argv];
  throw new ContainerError(
    "INVALID_CONFIG",
    `Cannot use exec(): ${JSON.stringify(argv)} is not a command; use a list of texts such as ["pg_isready", "-q"]`,
  );
}
