import type { Writable } from "node:stream";

import { ControlChannel } from "./control-channel.ts";
import { childrenOf } from "./find-process.ts";
import type { NamedPipe, PipeSource } from "./pipe-source.ts";
import {
  openNamedStreams,
  pipeReader,
  pipeWriter,
  type EngineStreams,
  type NamedStreams,
} from "./process-streams.ts";
import { shellQuote } from "./shell-quote.ts";

/** A command that a shell has started. */
export interface StartedCommand {
  readonly streams: EngineStreams;
  /** 0 when it was gone before it could be found. */
  readonly hostPid: number;
  /** As seen inside the container. */
  readonly pid: number;
  /** `undefined` when the shell was killed and nobody knows. */
  readonly exitCode: Promise<number | undefined>;
}

/**
 * A shell that starts one command and waits for its end. It stands outside of the container's pid
 * namespace and its children inside. It is started ahead of need, and then has only its pipes; their
 * ends tell whether it lives.
 */
export class ExecShell {
  readonly #pipes: PipeSource;
  readonly #names: readonly NamedPipe[];
  readonly #script: Writable;
  readonly #report: ControlChannel;

  constructor(pipes: PipeSource, script: NamedPipe, report: NamedPipe) {
    this.#pipes = pipes;
    this.#names = [script, report];
    this.#script = pipeWriter(script.engineFd).on("error", () => undefined); // The report tells.
    this.#report = new ControlChannel(pipeReader(report.engineFd));
    this.#script.write(`exec 3>./${report.name}\necho ready >&3\n`);
  }

  /** Opens what ties a shell to the engine. */
  static async open(pipes: PipeSource): Promise<ExecShell> {
    return new ExecShell(pipes, await pipes.openNamed("writer"), await pipes.openNamed("reader"));
  }

  /** The file that the shell is to run, in the directory of the pipes. */
  get scriptName(): string {
    return this.#names[0]?.name ?? "";
  }

  /** Waits until the shell runs; tells whether it does. */
  async isReady(): Promise<boolean> {
    const { line } = await this.#report.until("ready");
    this.giveUp();
    return line !== undefined;
  }

  /** Waits no longer for the shell to open its pipes. */
  giveUp(): void {
    for (const pipe of this.#names) pipe.release();
  }

  /** Starts the command; `undefined` when that failed. */
  async start(argv: readonly string[]): Promise<StartedCommand | undefined> {
    const { streams, names, release } = await this.#openStreams();
    this.#script.end(startScript(names, argv));
    const { line } = await this.#report.until("started ");
    release();
    if (line !== undefined) return this.#present(streams, line);
    for (const stream of [streams.stdin, streams.stdout, streams.stderr]) stream.destroy();
    this.end();
    return undefined;
  }

  /** Ends a shell that has not started a command. */
  end(): void {
    this.giveUp();
    this.#script.destroy();
    this.#report.close();
  }

  async #openStreams(): Promise<NamedStreams> {
    try {
      return await openNamedStreams(this.#pipes);
    } catch (error) {
      this.end();
      throw error;
    }
  }

  #present(streams: EngineStreams, started: string): StartedCommand {
    const [, pid = 0, shellPid = 0] = started.split(" ").map(Number);
    const exitCode = this.#report.until("exited ").then(({ line }) => {
      this.end();
      return line === undefined ? undefined : Number(line.split(" ")[1]);
    });
    const [hostPid = 0] = childrenOf(shellPid);
    return { streams, hostPid, pid, exitCode };
  }
}

/** What is in parentheses takes its own stderr, for to the other one the shell says "Killed". */
function startScript([stdin, stdout, stderr]: readonly string[], argv: readonly string[]): string {
  return `umask 022
(
exec <./${stdin} >./${stdout} 2>./${stderr}
cd / && read -r pid rest </pre/proc/self/stat || exit
echo "started $pid $$" >&3
exec 3>&-
exec ${argv.map(shellQuote).join(" ")}
)
echo "exited $?" >&3
exit 0
`;
}
