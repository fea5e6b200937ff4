import { execFile } from "node:child_process";
import { stripVTControlCharacters } from "node:util";

import { CliError } from "../cli-error.ts";
import type { WranglerProgram } from "../find-wrangler.ts";

/**
 * Runs a command of wrangler that prints an answer.
 *
 * @returns its standard output
 * @throws {CliError} WRANGLER_FAILED, with what it says
 */
export type AskWrangler = (args: readonly string[]) => Promise<string>;

/** How {@link createAskWrangler} runs wrangler. */
export interface AskWranglerOptions {
  readonly wrangler: WranglerProgram;
  readonly projectDir: string;
  readonly env: NodeJS.ProcessEnv;
  /** Given with each question: which configuration, environment and login it is about. */
  readonly sharedArgs?: readonly string[];
  readonly signal?: AbortSignal;
}

const PATIENCE_MS = 60_000;
const SHOWN_LINES = 8;

/** Makes a way to ask the project's wrangler. It never waits for a user: its input is empty. */
export function createAskWrangler(options: AskWranglerOptions): AskWrangler {
  const { wrangler, projectDir: cwd, signal, sharedArgs = [] } = options;
  // Answers are read by a program: no colors, no banner, no question.
  const env = { ...options.env, NO_COLOR: "1", FORCE_COLOR: "0", WRANGLER_SEND_METRICS: "false" };
  return (args) =>
    new Promise((resolve, reject) => {
      const limits = { timeout: PATIENCE_MS, maxBuffer: 64 * 1024 * 1024 };
      const child = execFile(
        wrangler.node,
        [wrangler.script, ...args, ...sharedArgs],
        { cwd, env, ...limits, ...(signal !== undefined && { signal }) },
        (error, stdout, stderr) => {
          if (error === null) resolve(stdout);
          else reject(toFailure(args, error, stderr.trim() === "" ? stdout : stderr));
        },
      );
      child.stdin?.end();
    });
}

function toFailure(args: readonly string[], cause: Error, output: string): CliError {
  const isLate = "killed" in cause && cause.killed === true;
  const said = linesOf(output).slice(0, SHOWN_LINES).join("\n");
  const why = isLate ? `no answer for ${PATIENCE_MS / 1000} s` : said === "" ? cause.message : said;
  return new CliError(
    "WRANGLER_FAILED",
    `Cannot run wrangler ${args.join(" ")}: ${why}; run npx wrangler login, or set ` +
      "CLOUDFLARE_API_TOKEN and CLOUDFLARE_ACCOUNT_ID",
    { cause },
  );
}

/** wrangler's words, without its requests to report a bug and where its log is. */
function linesOf(output: string): readonly string[] {
  return stripVTControlCharacters(output)
    .split("\n")
    .map((line) => line.trim())
    .filter((line) => line !== "" && !/^(🪵|If you think this is a bug)/u.test(line));
}
