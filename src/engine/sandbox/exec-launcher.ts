import { openExecPipes, type ExecPipeNames, type ExecPipes } from "./exec-pipes.ts";
import { childrenOf } from "./find-process.ts";
import type { ResourceGroup } from "./memory-control.ts";
import { enterNamespaces } from "./namespace-entry.ts";
import type { PodResources } from "./pod-resources.ts";
import { openProcessStreams, type EngineStreams, type ProcessStreams } from "./process-streams.ts";
import { exitOf } from "./sandbox-child.ts";
import { SandboxError } from "./sandbox-error.ts";
import { shellQuote } from "./shell-quote.ts";
import { spawnInGroup } from "./spawn-in-group.ts";

/** Where a launcher starts commands. */
export interface ExecLauncherOptions {
  readonly resources: PodResources;
  readonly group: ResourceGroup;
  /** The app's pid on the host. */
  readonly appPid: number;
}

/** A command that a launcher has started. */
export interface LaunchedCommand {
  readonly streams: EngineStreams;
  readonly hostPid: number;
  /** As seen inside the container. */
  readonly pid: number;
  readonly exitCode: Promise<number>;
}

interface ExecLauncherParts {
  readonly pipes: PodResources["pipes"];
  readonly streams: ProcessStreams;
  readonly exited: Promise<number>;
}

const killedExitCode = 137;
const errorLength = 1_000;
const startDeadlineMs = 10_000;
const namespaces = ["mount", "net", "ipc", "uts", "cgroup"];
// All but the pid namespace: there, an app could see, stop and end what starts its commands. Each
// command has a session of its own, so that a signal to its group reaches nothing else. A shell that
// starts something behind itself would leave SIGINT ignored in it; xargs does not.
const startCommand = [
  ...["xargs", "-n", "1", "-P", "0"],
  ...["setsid", "nsenter", "--no-fork", "--pid=/pre/proc/1/ns/pid", "--", "sh"],
];

/**
 * Starts commands beside an app without the engine having to spawn, to join the control group and to
 * enter the namespaces for each: one process has done that. Its working directory holds the pipes by
 * which a command is tied to the engine. It ends with its input, thus with the engine.
 */
export class ExecLauncher {
  /** Settles when it is gone, and with it all that it started. */
  readonly exited: Promise<number>;
  readonly #pipes: PodResources["pipes"];
  readonly #streams: ProcessStreams;
  readonly #unstarted = new Set<ExecPipes>();
  #errors = "";
  #isUsable = true;

  constructor({ pipes, streams, exited }: ExecLauncherParts) {
    this.#pipes = pipes;
    this.#streams = streams;
    this.exited = exited;
    streams.stdin.on("error", () => undefined); // It may have ended.
    streams.stdout.resume();
    streams.stderr.on("data", (chunk: Buffer) => {
      this.#errors = `${this.#errors}${chunk.toString()}`.slice(-errorLength);
    });
    void exited.then(() => this.abandon());
  }

  /** Starts a launcher; that it cannot work shows when a command is to be started. */
  static async start({ resources, group, appPid }: ExecLauncherOptions): Promise<ExecLauncher> {
    const { pipes, facts } = resources;
    const [enter, ...flags] = enterNamespaces(appPid, facts.privilege, namespaces);
    const streams = await openProcessStreams(pipes);
    const command = [enter ?? "", `--wd=${pipes.directory}`, ...flags, ...startCommand];
    const { child, control } = spawnInGroup(command, streams, group);
    control.close();
    return new ExecLauncher({ pipes, streams, exited: exitOf(child) });
  }

  /** Whether it takes commands. */
  get isUsable(): boolean {
    return this.#isUsable;
  }

  /**
   * Starts a command.
   *
   * @returns `undefined` when the launcher ended before the command began
   * @throws {SandboxError} `EXEC_FAILED` when the command cannot be started
   */
  async start(argv: readonly string[]): Promise<LaunchedCommand | undefined> {
    const pipes = await openExecPipes(this.#pipes);
    if (!this.#isUsable) return discard(pipes);
    this.#unstarted.add(pipes);
    pipes.script.on("error", () => undefined).end(startScript(pipes.names, argv));
    this.#streams.stdin.write(`./${pipes.names.script}\n`);
    const deadline = setTimeout(() => this.abandon(), startDeadlineMs).unref();
    const { line } = await pipes.report.until("started ");
    clearTimeout(deadline);
    this.#unstarted.delete(pipes);
    pipes.release();
    if (line !== undefined) return this.#present(pipes, line);
    discard(pipes);
    if (!this.#isUsable) return undefined;
    throw new SandboxError("EXEC_FAILED", `Cannot exec: ${this.errors}`);
  }

  /** What it had to say last. */
  get errors(): string {
    return this.#errors.trim();
  }

  /** Takes no more commands; those that run go on. */
  abandon(): void {
    this.#isUsable = false;
    this.#streams.stdin.end();
    for (const pipes of this.#unstarted) pipes.release();
  }

  /** Settles when it and its commands have ended; the app has. */
  async close(): Promise<void> {
    this.abandon();
    await this.exited;
  }

  #present({ streams, report }: ExecPipes, started: string): LaunchedCommand {
    const [, pid, shellPid] = started.split(" ").map(Number);
    const exitCode = report.until("exited ").then(({ line }) => {
      report.close();
      if (line !== undefined) return Number(line.split(" ")[1]);
      // Somebody ended the shell that waited; xargs starts nothing more after that.
      this.abandon();
      return killedExitCode;
    });
    const [hostPid = 0] = childrenOf(shellPid ?? 0);
    return { streams, hostPid, pid: pid ?? 0, exitCode };
  }
}

function discard(pipes: ExecPipes): undefined {
  pipes.release();
  const { stdin, stdout, stderr } = pipes.streams;
  for (const stream of [stdin, stdout, stderr, pipes.script]) stream.destroy();
  pipes.report.close();
}

/**
 * Runs outside of the container's pid namespace, what is in parentheses inside. That takes its own
 * stderr, for to the other one the shell says "Killed".
 */
function startScript(pipes: ExecPipeNames, argv: readonly string[]): string {
  return `umask 022
exec 3>./${pipes.report}
(
exec <./${pipes.stdin} >./${pipes.stdout} 2>./${pipes.stderr}
cd / && read -r pid rest </pre/proc/self/stat || exit
echo "started $pid $$" >&3
exec 3>&-
exec ${argv.map(shellQuote).join(" ")}
)
echo "exited $?" >&3
exit 0
`;
}
