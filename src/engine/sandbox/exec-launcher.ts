import { ExecShell, type StartedCommand } from "./exec-shell.ts";
import type { ResourceGroup } from "./memory-control.ts";
import { enterNamespaces } from "./namespace-entry.ts";
import type { PipeSource } from "./pipe-source.ts";
import type { PodResources } from "./pod-resources.ts";
import { openProcessStreams, type ProcessStreams } from "./process-streams.ts";
import { exitOf } from "./sandbox-child.ts";
import { spawnInGroup } from "./spawn-in-group.ts";

/** Where a launcher starts commands. */
export interface ExecLauncherOptions {
  readonly resources: PodResources;
  readonly group: ResourceGroup;
  /** The app's pid on the host. */
  readonly appPid: number;
}

interface ExecLauncherParts {
  readonly pipes: PipeSource;
  readonly streams: ProcessStreams;
  readonly exited: Promise<number>;
}

const errorLength = 1_000;
const readyDeadlineMs = 10_000;
const namespaces = ["mount", "net", "ipc", "uts", "cgroup"];
// All but the pid namespace: there, an app could see, stop and end what starts its commands. Each
// command has a session of its own, so that a signal to its group reaches nothing else. A shell that
// starts something behind itself would leave SIGINT ignored in it; xargs does not.
const startShell = [
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
  readonly #pipes: PipeSource;
  readonly #streams: ProcessStreams;
  readonly #unready = new Set<ExecShell>();
  #spare: Promise<ExecShell | undefined> | undefined;
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
    const [enter = "", ...flags] = enterNamespaces(appPid, facts.privilege, namespaces);
    const streams = await openProcessStreams(pipes);
    const command = [enter, `--wd=${pipes.directory}`, ...flags, ...startShell];
    const { child, control } = spawnInGroup(command, streams, group);
    control.close();
    return new ExecLauncher({ pipes, streams, exited: exitOf(child) });
  }

  /** Whether it takes commands. */
  get isUsable(): boolean {
    return this.#isUsable;
  }

  /** What it had to say last. */
  get errors(): string {
    return this.#errors.trim();
  }

  /** Starts a command; `undefined` when the launcher has ended, or has to, without having begun. */
  async start(argv: readonly string[]): Promise<StartedCommand | undefined> {
    const spare = this.#spare;
    this.#spare = undefined;
    const shell = (await spare) ?? (await this.#prepareShell());
    const command = await shell?.start(argv);
    if (command === undefined) {
      this.abandon();
      return undefined;
    }
    if (this.#isUsable) this.#spare ??= this.#prepareShell().catch(() => undefined);
    const exitCode = command.exitCode.then((code) => {
      if (code === undefined) this.abandon(); // xargs starts nothing more once a shell was killed.
      return code;
    });
    return { ...command, exitCode };
  }

  /** Takes no more commands; those that run go on. */
  abandon(): void {
    this.#isUsable = false;
    this.#streams.stdin.end();
    for (const shell of this.#unready) shell.giveUp();
    void this.#spare?.then((shell) => shell?.end());
    this.#spare = undefined;
  }

  /** Settles when it and its commands have ended; the app has. */
  async close(): Promise<void> {
    this.abandon();
    await this.exited;
  }

  async #prepareShell(): Promise<ExecShell | undefined> {
    const shell = await ExecShell.open(this.#pipes);
    this.#unready.add(shell);
    if (this.#isUsable) this.#streams.stdin.write(`./${shell.scriptName}\n`);
    else shell.giveUp();
    const deadline = setTimeout(() => this.abandon(), readyDeadlineMs).unref();
    const isReady = await shell.isReady();
    clearTimeout(deadline);
    this.#unready.delete(shell);
    if (isReady && this.#isUsable) return shell;
    shell.end();
    return undefined;
  }
}
