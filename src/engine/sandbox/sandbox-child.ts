import type { ChildProcess } from "node:child_process";
import { constants } from "node:os";

import { sendSignal, startTimeOf } from "./find-process.ts";
import type { EngineStreams } from "./process-streams.ts";
import type { ProcessExit, SandboxProcess } from "./sandbox.ts";

/** What a {@link SandboxProcess} is made of. */
export interface SandboxChild {
  readonly exited: Promise<ProcessExit>;
  readonly streams: EngineStreams;
  /** 0 when it was gone before it could be found. */
  readonly hostPid: number;
  /** As seen inside the container. */
  readonly pid: number;
  resize(columns: number, rows: number): Promise<void>;
}

/** Presents a process of a container. */
export function toSandboxProcess(parts: SandboxChild): SandboxProcess {
  const { streams, exited, pid, hostPid } = parts;
  const startTime = startTimeOf(hostPid);
  let hasExited = false;
  void exited.then(() => (hasExited = true));
  return {
    pid,
    stdin: streams.stdin,
    stdout: streams.stdout,
    stderr: streams.stderr,
    exited,
    signal(signal) {
      // A pid may be given to another process as soon as this one is gone.
      if (hasExited || startTime === undefined || startTimeOf(hostPid) !== startTime) return;
      sendSignal(hostPid, signal);
    },
    resize: (columns, rows) => parts.resize(columns, rows),
  };
}

/** Waits for a child process; signals become 128 + N, as in Docker. */
export function exitOf(child: ChildProcess): Promise<number> {
  return new Promise((resolve) => {
    child.once("error", () => resolve(127));
    child.once("exit", (code, signal) => resolve(code ?? 128 + signalNumber(signal)));
  });
}

function signalNumber(signal: NodeJS.Signals | null): number {
  return signal === null ? 0 : (constants.signals[signal] ?? 0);
}
