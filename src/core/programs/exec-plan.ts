import { checkEnvironment } from "../environment/check-environment.ts";
import { parseDuration, type Duration } from "../duration.ts";
import { ContainerError } from "../../errors/container-error.ts";
import { shown } from "../../errors/shown.ts";
import { parseCommand } from "./command.ts";

/** The size of a terminal, in characters. */
export interface TerminalSize {
  /** 1 to 65535 (default: 80). */
  readonly columns?: number;
  /** 1 to 65535 (default: 24). */
  readonly rows?: number;
}

/** How a program is run in the container, as plain values. */
export interface ExecSettings {
  /**
   * How long it may take: then it gets SIGTERM, and SIGKILL 5 s later. Default: 15 min.
   */
  readonly timeout?: Duration;
  /** How much it may write to both outputs, in bytes: beyond that it is ended in the same way. */
  readonly maxOutputBytes?: number;
  /** Gives it a terminal: its outputs come as one, `stdout`. */
  readonly pty?: boolean | TerminalSize;
  /** More environment for it; whether it has the container's own is up to the runtime. */
  readonly env?: Readonly<Record<string, string>>;
  /** Its working directory (default: the image's). */
  readonly cwd?: string;
  /** Who it runs as, for example `"1000:1000"` (default: the image's user). */
  readonly user?: string;
}

/** The settings of a program as the shell uses them. */
export interface ExecPlan {
  readonly argv: readonly string[];
  readonly timeoutMs: number;
  readonly maxOutputBytes: number;
  /** What the runtime is given. */
  readonly options: Pick<ContainerExecOptions, "cwd" | "env" | "user" | "pty">;
}

/** How long a program may take where its caller does not say. */
const DEFAULT_TIMEOUT = "15m";

/**
 * Reads how a program is to be run. Pure.
 *
 * @param defaultMaxBytes `maxOutputBytes` of a caller who does not say
 * @throws {ContainerError} `INVALID_ARGUMENT`, `INVALID_DURATION`, `INVALID_ENV`
 */
export function planExec(
  command: unknown,
  settings: ExecSettings,
  defaultMaxBytes: number,
): ExecPlan {
  const { timeout = DEFAULT_TIMEOUT, env, cwd, user, pty } = settings;
  if (env !== undefined) checkEnvironment(env);
  const terminal = planTerminal(pty);
  return {
    argv: parseCommand(command),
    timeoutMs: parseDuration(timeout, "timeout"),
    maxOutputBytes: count(settings.maxOutputBytes ?? defaultMaxBytes, "maxOutputBytes", Infinity),
    options: {
      ...(env !== undefined && { env: { ...env } }),
      ...(cwd !== undefined && { cwd: word(cwd, "cwd") }),
      ...(user !== undefined && { user: word(user, "user") }),
      ...(terminal !== undefined && { pty: terminal }),
    },
  };
}

/**
 * Reads the size of a terminal.
 *
 * @throws {ContainerError} `INVALID_ARGUMENT`
 */
export function parseTerminal({ columns = 80, rows = 24 }: TerminalSize): {
  cols: number;
  rows: number;
} {
  return { cols: count(columns, "columns", 65_535), rows: count(rows, "rows", 65_535) };
}

function planTerminal(pty: boolean | TerminalSize | undefined): ContainerExecOptions["pty"] {
  if (pty === undefined || pty === false) return undefined;
  return pty === true ? true : parseTerminal(pty);
}

function count(value: unknown, name: string, most: number): number {
  const isCount = Number.isInteger(value) || value === Infinity;
  if (typeof value === "number" && isCount && value >= 1 && value <= most) return value;
  throw new ContainerError(
    "INVALID_ARGUMENT",
    `Cannot use ${name}: ${shown(value)} is not a whole number from 1${most === Infinity ? "" : ` to ${most}`}`,
  );
}

function word(value: unknown, name: string): string {
  if (typeof value === "string" && value !== "" && !value.includes("\0")) return value;
  throw new ContainerError(
    "INVALID_ARGUMENT",
    `Cannot use ${name}: ${shown(value)} is not a text of one letter or more`,
  );
}
