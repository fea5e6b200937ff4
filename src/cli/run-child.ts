import { spawn } from "node:child_process";
import { constants } from "node:os";

import { CliError } from "./cli-error.ts";
import type { EndSignals } from "./end-signals.ts";

/** A command that runs in the foreground in our place. */
export interface ChildCommand {
  readonly program: string;
  readonly args: readonly string[];
  readonly cwd: string;
  readonly env: NodeJS.ProcessEnv;
}

/** How long a command may take to end after it was asked to. */
const END_GRACE_MS = 10_000;

/**
 * Runs a command with our own stdin, stdout and stderr until it ends, and passes on the signals
 * that ask us to end. A second such signal, or ten seconds, kills it. When one came before, the
 * command is not run.
 *
 * @returns its exit code, 128 + N when signal N ended it
 * @throws {CliError} COMMAND_NOT_FOUND
 */
export async function runChild(command: ChildCommand, signals: EndSignals): Promise<number> {
  if (signals.exitCode !== undefined) return signals.exitCode;
  const { program, args, cwd, env } = command;
  const child = spawn(program, args, { cwd, env, stdio: "inherit" });
  let killTimer: NodeJS.Timeout | undefined;
  signals.listen((signal) => {
    if (killTimer !== undefined) {
      child.kill("SIGKILL");
      return;
    }
    killTimer = setTimeout(() => child.kill("SIGKILL"), END_GRACE_MS);
    // Ctrl-C reaches the whole foreground group: the command has had this SIGINT already.
    const wasTerminal = signal === "SIGINT" && process.stdin.isTTY;
    if (!wasTerminal) child.kill(signal);
  });
  try {
    return await exitOf(child, program);
  } finally {
    clearTimeout(killTimer);
    signals.listen(() => undefined);
  }
}

function exitOf(child: ReturnType<typeof spawn>, program: string): Promise<number> {
  return new Promise((resolve, reject) => {
    child.once("error", (cause) => {
      const text = `Cannot run ${program}: ${cause.message}; check its name and path`;
      reject(new CliError("COMMAND_NOT_FOUND", text, { cause }));
    });
    child.once("exit", (code, signal) => {
      resolve(code ?? 128 + (signal === null ? 0 : constants.signals[signal]));
    });
  });
}
