import { parseArgs, type ParseArgsConfig } from "node:util";

import { CliError } from "./cli-error.ts";
import type { EngineClient } from "./engine-client.ts";

/** What a command works with. */
export interface CommandScope {
  /** What follows the command's name. */
  readonly args: readonly string[];
  readonly client: EngineClient;
  /** Prints a line of the result. */
  readonly print: (line: string) => void;
  /** Prints a line of progress or a note. */
  readonly note: (line: string) => void;
  readonly readStdin: () => Promise<string>;
  readonly env: Readonly<Record<string, string | undefined>>;
  readonly cwd: string;
}

/** Carries out one command of docker. Throws a {@link CliError} to fail. */
export type Command = (scope: CommandScope) => Promise<void>;

/** The flags that a command knows. */
export type FlagSpec = NonNullable<ParseArgsConfig["options"]>;

/** What {@link parseFlags} read. */
export interface ParsedFlags {
  readonly positionals: readonly string[];
  /** Whether a flag without a value is there. */
  has(name: string): boolean;
  /** @returns the last value */
  value(name: string): string | undefined;
  /** @returns every value of a flag that may be repeated */
  values(name: string): readonly string[];
}

/**
 * Reads flags and arguments of a command.
 *
 * @throws {CliError} for a flag that is not in the spec
 */
export function parseFlags(args: readonly string[], options: FlagSpec): ParsedFlags {
  const { values, positionals } = parse(args, options);
  const listOf = (name: string): readonly unknown[] => [values[name] ?? []].flat();
  const texts = (name: string): readonly string[] =>
    listOf(name).filter((value) => typeof value === "string");
  return {
    positionals,
    has: (name) => listOf(name).includes(true),
    value: (name) => texts(name).at(-1),
    values: texts,
  };
}

function parse(
  args: readonly string[],
  options: FlagSpec,
): { readonly values: Readonly<Record<string, unknown>>; readonly positionals: readonly string[] } {
  try {
    return parseArgs({ args: [...args], options, allowPositionals: true, strict: true });
  } catch (cause) {
    const reason = cause instanceof Error ? cause.message : String(cause);
    throw new CliError(`${reason} (berth's docker command has the flags that wrangler uses)`, {
      cause,
    });
  }
}

/** @returns the only argument */
export function onlyArgument(flags: ParsedFlags, what: string): string {
  const [argument, ...rest] = flags.positionals;
  if (argument === undefined || rest.length > 0) {
    throw new CliError(
      `cannot read arguments: ${flags.positionals.length} given; name one ${what}`,
    );
  }
  return argument;
}
