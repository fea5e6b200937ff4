import { resolve } from "node:path";

import { CliError } from "./cli-error.ts";

/** What runs the containers. */
export type EngineKind = "process" | "docker" | "podman";

/** What `berth dev` was asked for. */
export interface DevOptions {
  /** "auto": processes where this host allows it, else what is installed. */
  readonly engine: EngineKind | "auto";
  readonly enforceCpu: boolean;
  readonly isRunAllowed: boolean;
  /** Whether registries are asked for images that are not here. */
  readonly isPullAllowed: boolean;
  /** Image references that stand for a local Dockerfile, by absolute path. */
  readonly imageMap: Readonly<Record<string, string>>;
  /** Passed on as they are. */
  readonly wranglerArgs: readonly string[];
  /** Where wrangler works: its `--cwd`, or ours. */
  readonly projectDir: string;
}

/** What commander read. */
export interface RawDevOptions {
  readonly engine?: string;
  readonly enforceCpu?: boolean;
  readonly runSteps: boolean;
  readonly pull: boolean;
  readonly mapImage: readonly string[];
}

/**
 * Checks berth's own options and keeps wrangler's.
 *
 * @throws {CliError} BAD_OPTION
 */
export function toDevOptions(
  raw: RawDevOptions,
  wranglerArgs: readonly string[],
  cwd: string,
): DevOptions {
  return {
    engine: toEngineKind(raw.engine),
    enforceCpu: raw.enforceCpu ?? false,
    isRunAllowed: raw.runSteps,
    isPullAllowed: raw.pull,
    imageMap: Object.fromEntries(raw.mapImage.map((text) => toMapping(text, cwd))),
    wranglerArgs,
    projectDir: resolve(cwd, lastValueOf(wranglerArgs, ["--cwd"]) ?? "."),
  };
}

/** @returns every value that is given to an option, in any of its spellings */
export function valuesOf(args: readonly string[], names: readonly string[]): readonly string[] {
  const values: string[] = [];
  for (const [index, arg] of args.entries()) {
    if (arg === "--") break;
    const equals = arg.indexOf("=");
    const value = equals === -1 ? args[index + 1] : arg.slice(equals + 1);
    const name = equals === -1 ? arg : arg.slice(0, equals);
    if (names.includes(name) && value !== undefined) values.push(value);
  }
  return values;
}

/** @returns the value that counts when an option is given more than once */
function lastValueOf(args: readonly string[], names: readonly string[]): string | undefined {
  return valuesOf(args, names).at(-1);
}

function toEngineKind(text: string | undefined): DevOptions["engine"] {
  if (text === undefined) return "auto";
  if (text === "process" || text === "docker" || text === "podman") return text;
  throw new CliError("BAD_OPTION", `Cannot use --engine ${text}; give process, docker or podman`);
}

function toMapping(text: string, cwd: string): readonly [string, string] {
  const equals = text.lastIndexOf("=");
  if (equals > 0 && equals < text.length - 1) {
    return [text.slice(0, equals), resolve(cwd, text.slice(equals + 1))];
  }
  throw new CliError(
    "BAD_OPTION",
    `Cannot use --map-image ${text}; write --map-image registry/name:tag=path/to/Dockerfile`,
  );
}
