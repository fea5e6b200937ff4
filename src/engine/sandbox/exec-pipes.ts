import type { PipeSource } from "./pipe-source.ts";
import { pipeReader, pipeWriter, type EngineStreams } from "./process-streams.ts";
import { ControlChannel } from "./control-channel.ts";
import type { Writable } from "node:stream";

/** Names of the pipes of one command, in the directory of the pipes. */
export type ExecPipeNames = Readonly<
  Record<"stdin" | "stdout" | "stderr" | "report" | "script", string>
>;

/** What ties a command to the engine that is started by another process than the engine. */
export interface ExecPipes {
  readonly names: ExecPipeNames;
  readonly streams: EngineStreams;
  /** What the shell that starts the command reads. */
  readonly script: Writable;
  /** What it tells. */
  readonly report: ControlChannel;
  /** Takes the names away; what nobody has opened by then is at its end. */
  release(): void;
}

/** Opens the engine's ends of a command's pipes. */
export async function openExecPipes(pipes: PipeSource): Promise<ExecPipes> {
  const stdin = await pipes.openNamed("writer");
  const stdout = await pipes.openNamed("reader");
  const stderr = await pipes.openNamed("reader");
  const report = await pipes.openNamed("reader");
  const script = await pipes.openNamed("writer");
  const all = { stdin, stdout, stderr, report, script };
  return {
    names: {
      stdin: stdin.name,
      stdout: stdout.name,
      stderr: stderr.name,
      report: report.name,
      script: script.name,
    },
    streams: {
      stdin: pipeWriter(stdin.engineFd),
      stdout: pipeReader(stdout.engineFd),
      stderr: pipeReader(stderr.engineFd),
    },
    script: pipeWriter(script.engineFd),
    report: new ControlChannel(pipeReader(report.engineFd)),
    release: () => Object.values(all).forEach((pipe) => pipe.release()),
  };
}
