import { closeSync, constants, mkdirSync, openSync, unlinkSync } from "node:fs";
import { join } from "node:path";

import { runTool } from "./run-tool.ts";
import { SandboxError } from "./sandbox-error.ts";

/** Both ends of a pipe. */
export interface Pipe {
  readonly readFd: number;
  readonly writeFd: number;
}

/** Whose end does not block: the engine's, for the other becomes a program's stdio. */
export type PipeOwner = "reader" | "writer";

const batchSize = 24;
const refillBelow = 9;

/**
 * Makes real pipes. Node's own `stdio: "pipe"` is a socket, and a program that opens /dev/stdout or
 * /dev/stderr fails on a socket; so these are FIFOs, removed as soon as both ends are open.
 */
export class PipeSource {
  readonly #directory: string;
  readonly #paths: string[] = [];
  #made = 0;
  #refill: Promise<void> | undefined;

  constructor(directory: string) {
    this.#directory = directory;
    mkdirSync(directory, { recursive: true, mode: 0o700 });
  }

  /** Opens a pipe; `engineEnd` is the end that stays in this process. */
  async open(engineEnd: PipeOwner): Promise<Pipe> {
    // Should it fail, whoever finds no pipe left is told.
    if (this.#paths.length < refillBelow) this.#startRefill().catch(() => undefined);
    let path = this.#paths.pop();
    while (path === undefined) {
      await this.#startRefill();
      path = this.#paths.pop();
    }
    return openBothEnds(path, engineEnd);
  }

  #startRefill(): Promise<void> {
    this.#refill ??= this.#fill().finally(() => (this.#refill = undefined));
    return this.#refill;
  }

  async #fill(): Promise<void> {
    const first = this.#made;
    this.#made += batchSize;
    const paths = Array.from({ length: batchSize }, (_, index) =>
      join(this.#directory, `pipe-${first + index}`),
    );
    const { exitCode, output } = await runTool("mkfifo", ["-m", "666", ...paths]);
    if (exitCode !== 0) throw new SandboxError("LAUNCH_FAILED", `Cannot make pipes: ${output}`);
    this.#paths.push(...paths);
  }
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
