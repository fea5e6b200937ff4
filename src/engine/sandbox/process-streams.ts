import { closeSync } from "node:fs";
import { Socket } from "node:net";
import { Writable, type Readable } from "node:stream";

import type { PipeSource } from "./pipe-source.ts";

/** The engine's ends of a process's stdio. */
export interface EngineStreams {
  readonly stdin: Writable;
  readonly stdout: Readable;
  readonly stderr: Readable;
}

/** A process's stdio: the engine's ends as streams, the process's ends as file descriptors. */
export interface ProcessStreams extends EngineStreams {
  /** For `stdio` of `spawn()`, in order. */
  readonly childFds: readonly [number, number, number];
  /** Closes the process's ends in this process; to be called once it is spawned. */
  releaseChildFds(): void;
}

/** Opens three pipes. */
export async function openProcessStreams(pipes: PipeSource): Promise<ProcessStreams> {
  const input = await pipes.open("writer");
  const output = await pipes.open("reader");
  const errors = await pipes.open("reader");
  const childFds = [input.readFd, output.writeFd, errors.writeFd] as const;
  return {
    stdin: pipeWriter(input.writeFd),
    stdout: pipeReader(output.readFd),
    stderr: pipeReader(errors.readFd),
    childFds,
    releaseChildFds: () => childFds.forEach((fd) => closeSync(fd)),
  };
}

/** A process's stdio of which the process opens its ends itself. */
export interface NamedStreams {
  readonly streams: EngineStreams;
  /** In the directory of the pipes: of stdin, stdout and stderr. */
  readonly names: readonly string[];
  /** Takes the names away; what nobody has opened by then is at its end. */
  readonly release: () => void;
}

/** Opens the engine's ends of three pipes. */
export async function openNamedStreams(pipes: PipeSource): Promise<NamedStreams> {
  const input = await pipes.openNamed("writer");
  const output = await pipes.openNamed("reader");
  const errors = await pipes.openNamed("reader");
  const all = [input, output, errors];
  return {
    streams: {
      stdin: pipeWriter(input.engineFd),
      stdout: pipeReader(output.engineFd),
      stderr: pipeReader(errors.engineFd),
    },
    names: all.map(({ name }) => name),
    release: () => all.forEach((pipe) => pipe.release()),
  };
}

/** Wraps a pipe's read end. */
export function pipeReader(fd: number): Socket {
  return new Socket({ fd, readable: true, writable: false });
}

/** Wraps a pipe's write end: `Socket.end()` would call shutdown(), which a pipe does not know. */
export function pipeWriter(fd: number): Writable {
  const socket = new Socket({ fd, readable: false, writable: true });
  const writer = new Writable({
    write: (chunk: Buffer, encoding, done) => void socket.write(chunk, encoding, done),
    final(done) {
      socket.destroy();
      done();
    },
    destroy(_error, done) {
      socket.destroy();
      // A program that ended without reading its input is no error of the writer.
      done(null);
    },
  });
  socket.on("error", () => writer.destroy());
  socket.on("close", () => writer.destroy());
  return writer;
}
