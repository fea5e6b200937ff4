import { closeSync, constants, mkdirSync, openSync, unlinkSync } from "node:fs";
import { basename, join } from "node:path";

import { runTool } from "./run-tool.ts";
import { SandboxError } from "./sandbox-error.ts";

/** Both ends of a pipe. */
export interface Pipe {
  readonly readFd: number;
  readonly writeFd: number;
}

/** A pipe whose other end is opened by its name in {@link PipeSource.directory}. */
export interface NamedPipe {
  readonly engineFd: number;
  readonly name: string;
  /** Takes the name away; to be called once the other end is open, or will never be. */
  release(): void;
}

/** Whose end does not block: the engine's, for the other becomes a program's stdio. */
export type PipeOwner = "reader" | "writer";

// A command takes five; making more takes a process.
const batchSize = 96;
const refillBelow = 24;

/**
 * Makes real pipes. Node's own `stdio: "pipe"` is a socket, and a program that opens /dev/stdout or
 * /dev/stderr fails on a socket; so these are FIFOs, removed as soon as both ends are open.
 */
export class PipeSource {
  /** Holds the pipes that have a name. */
  readonly directory: string;
  readonly #paths: string[] = [];
  #made = 0;
  #refill: Promise<void> | undefined;

  constructor(directory: string) {
    this.directory = directory;
    mkdirSync(directory, { recursive: true, mode: 0o700 });
  }

  /** Opens a pipe; `engineEnd` is the end that stays in this process. */
  async open(engineEnd: PipeOwner): Promise<Pipe> {
    return openBothEnds(await this.#take(), engineEnd);
  }

  /** Opens the engine's end of a pipe, which neither ends nor breaks before it is released. */
  async openNamed(engineEnd: PipeOwner): Promise<NamedPipe> {
    return openEngineEnd(await this.#take(), engineEnd);
  }

  async #take(): Promise<string> {
    // Should it fail, whoever finds no pipe left is told.
    if (this.#paths.length < refillBelow) this.#startRefill().catch(() => undefined);
    let path = this.#paths.pop();
    while (path === undefined) {
      await this.#startRefill();
      path = this.#paths.pop();
    }
    return path;
  }

  #startRefill(): Promise<void> {
    this.#refill ??= this.#fill().finally(() => (this.#refill = undefined));
    return this.#refill;
  }

  async #fill(): Promise<void> {
    const first = this.#made;
    this.#made += batchSize;
    const paths = Array.from({ length: batchSize }, (_, index) =>
      join(this.directory, `pipe-${first + index}`),
    );
    const { exitCode, output } = await runTool("mkfifo", ["-m", "666", ...paths]);
    if (exitCode !== 0) throw new SandboxError("LAUNCH_FAILED", `Cannot make pipes: ${output}`);
    this.#paths.push(...paths);
  }
}

function openEngineEnd(path: string, engineEnd: PipeOwner): NamedPipe {
  const { O_RDWR, O_RDONLY, O_WRONLY, O_NONBLOCK } = constants;
  const holder = openSync(path, O_RDWR | O_NONBLOCK);
  const engineFlag = engineEnd === "reader" ? O_RDONLY : O_WRONLY;
  let engineFd: number;
  try {
    engineFd = openSync(path, engineFlag | O_NONBLOCK);
  } catch (error) {
    closeSync(holder);
    throw error;
  }
  let isReleased = false;
  const release = (): void => {
    if (isReleased) return;
    isReleased = true;
    closeSync(holder);
    unlinkSync(path);
  };
  return { engineFd, name: basename(path), release };
}

function openBothEnds(path: string, engineEnd: PipeOwner): Pipe {
  const { O_RDWR, O_RDONLY, O_WRONLY, O_NONBLOCK } = constants;
  // An end that is open both ways keeps the two real opens from waiting for each other.
  const holder = openSync(path, O_RDWR | O_NONBLOCK);
  const readFd = openSync(path, engineEnd === "reader" ? O_RDONLY | O_NONBLOCK : O_RDONLY);
  const writeFd = openSync(path, engineEnd === "writer" ? O_WRONLY | O_NONBLOCK : O_WRONLY);
  closeSync(holder);
  unlinkSync(path);
  return { readFd, writeFd };
}
