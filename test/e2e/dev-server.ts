import { spawn, type ChildProcess } from "node:child_process";
import { once } from "node:events";
import { join } from "node:path";
import { isOnDocker } from "./engine-under-test.ts";
import { REPOSITORY } from "./project.ts";

/** A development server under test. */
export interface DevServer {
  readonly url: string;
  readonly process: ChildProcess;
  /** All that it printed so far. */
  output(): string;
  /** Resolves once it has printed `text`. */
  printed(text: string | RegExp): Promise<void>;
  /** Presses keys, if it has a terminal. */
  press(keys: string): void;
  /** Ends it as Ctrl-C does, and resolves with its exit code. */
  stop(): Promise<number | null>;
  [Symbol.asyncDispose](): Promise<void>;
}

/** How to start one. */
export interface DevServerOptions {
  readonly command: readonly [string, ...string[]];
  readonly cwd: string;
  readonly env?: Readonly<Record<string, string>>;
  /** "terminal" gives it one of its own, in which keys can be pressed (default: "none"). */
  readonly input?: "none" | "terminal";
}

/** What wrangler and Vite print when they take requests. */
const READY = /(?:Ready on|Local:) +(http:\/\/\S+?)\/?\s/;

/** Without them wrangler asks the network about this machine, and restarts workerd afterwards. */
const OFFLINE = { CLOUDFLARE_CF_FETCH_ENABLED: "false", WRANGLER_SEND_METRICS: "false" };

/** `berth dev` of this checkout. */
export function berthDev(...options: string[]): readonly [string, ...string[]] {
  const engine = isOnDocker ? ["--engine", "docker"] : [];
  const berth = [join(REPOSITORY, "dist/cli.js"), "dev", "--port", "0"];
  return [process.execPath, ...berth, ...engine, ...options];
}

/** Any command on an engine of its own. */
export function berthEngine(...command: string[]): readonly [string, ...string[]] {
  return [process.execPath, join(REPOSITORY, "dist/cli.js"), "engine", "--", ...command];
}

/** `wrangler dev` without berth's command. */
export function wranglerDev(): readonly [string, ...string[]] {
  const wrangler = join(REPOSITORY, "node_modules/wrangler/bin/wrangler.js");
  return [process.execPath, wrangler, "dev", "--port", "0"];
}

/** How often a server is started whose ports others took before it could. */
const MAX_STARTS = 3;

/**
 * Starts a server and waits until it takes requests. Wrangler looks for free ports some time before
 * it listens: when another process was faster, it is started again.
 */
export async function startDevServer(options: DevServerOptions): Promise<DevServer> {
  for (let starts = 1; ; starts += 1) {
    try {
      return await startOnce(options);
    } catch (error) {
      if (starts === MAX_STARTS || !String(error).includes("Address already in use")) throw error;
    }
  }
}

async function startOnce(options: DevServerOptions): Promise<DevServer> {
  const isInTerminal = options.input === "terminal";
  const [file, ...args] = isInTerminal ? inTerminal(options.command) : options.command;
  const env = { ...process.env, ...OFFLINE, CI: `${!isInTerminal}`, NO_COLOR: "1" };
  const child = spawn(file, args, { cwd: options.cwd, env: { ...env, ...options.env } });
  if (!isInTerminal) child.stdin.end();
  let text = "";
  const listeners = new Set<() => void>();
  const collect = (chunk: Buffer): void => {
    text += chunk.toString();
    for (const listener of listeners) listener();
  };
  child.stdout.on("data", collect);
  child.stderr.on("data", collect);
  const exited = once(child, "exit");
  exited.then(
    () => listeners.forEach((listener) => listener()),
    () => {},
  );
  const printed = (expected: string | RegExp): Promise<void> =>
    new Promise((resolve, reject) => {
      const check = (): void => {
        const isThere =
          typeof expected === "string" ? text.includes(expected) : expected.test(text);
        if (!isThere && child.exitCode === null && child.signalCode === null) return;
        listeners.delete(check);
        if (isThere) resolve();
        else reject(new Error(`Ended before it printed ${String(expected)}:\n${text}`));
      };
      listeners.add(check);
      check();
    });
  const stop = async (): Promise<number | null> => {
    if (child.exitCode === null && child.signalCode === null) {
      child.kill("SIGINT");
      await exited;
    }
    return child.exitCode;
  };
  await printed(READY);
  const url = READY.exec(text)?.[1] ?? "";
  return {
    url,
    process: child,
    output: () => text,
    printed,
    press: (keys) => child.stdin.write(keys),
    stop,
    [Symbol.asyncDispose]: async () => {
      await stop();
    },
  };
}

/** util-linux's script runs a shell line on a pseudo-terminal. */
function inTerminal(command: readonly string[]): readonly [string, ...string[]] {
  const line = command.map((word) => `'${word}'`).join(" ");
  return ["script", "-qfec", line, "/dev/null"];
}
