import type { Duplex, Readable } from "node:stream";

import { EngineError } from "../engine-error.ts";
import type { ExecSpec, Pod, SandboxProcess, TtySize } from "../sandbox/sandbox.ts";
import { createFrameEncoder } from "./docker-frames.ts";

/** Output of a process that is gone may still be on its way; a grandchild may hold it open. */
const OUTPUT_GRACE_MS = 2000;

/** What an exec was created with. */
export interface ExecPlan {
  /** Answers to. */
  readonly id: string;
  /** The container's id. */
  readonly containerId: string;
  /** The command; without a terminal's size, which start gives. */
  readonly spec: Omit<ExecSpec, "tty">;
  /** Whether it runs on a pseudo-terminal. */
  readonly isTty: boolean;
  /** Whether the connection's bytes are its standard input. */
  readonly isStdinAttached: boolean;
}

/** What `GET /exec/ID/json` tells. */
export interface ExecStatus {
  readonly isRunning: boolean;
  readonly exitCode: number | null;
  readonly pid: number;
}

/** One exec: made, then started once, then over. */
export class ExecSession {
  readonly plan: ExecPlan;
  #starting: Promise<SandboxProcess> | undefined;
  #exitCode: number | null = null;
  #finishedAtMs: number | undefined;

  constructor(plan: ExecPlan) {
    this.plan = plan;
  }

  /** When it ended; undefined before. */
  get finishedAtMs(): number | undefined {
    return this.#finishedAtMs;
  }

  /**
   * Starts the command.
   *
   * @throws {EngineError} CONFLICT when it was started before; LAUNCH_FAILED when it can't be
   */
  async start(pod: Pod, size: TtySize): Promise<SandboxProcess> {
    if (this.#starting !== undefined) {
      throw new EngineError("CONFLICT", `Cannot start exec ${this.plan.id}: already started`);
    }
    const { spec, isTty } = this.plan;
    this.#starting = pod.exec(isTty ? { ...spec, tty: size } : spec);
    try {
      const process = await this.#starting;
      void process.exited.then((exit) => this.#finish(exit.exitCode));
      return process;
    } catch (cause) {
      this.#finish(126);
      const text = `Cannot exec ${spec.argv.join(" ")}: ${String(cause)}; see its cause`;
      throw new EngineError("LAUNCH_FAILED", text, { cause });
    }
  }

  /**
   * Answers only when the pid is known: workerd takes pid 0 of a running exec for "not yet", and
   * sleeps 50 ms before it asks again.
   */
  async status(): Promise<ExecStatus> {
    const process = await this.#starting?.catch(() => undefined); // the failure shows as exit code
    const isRunning = process !== undefined && this.#exitCode === null;
    return { isRunning, exitCode: this.#exitCode, pid: process?.pid ?? 0 };
  }

  /** Sets the terminal's size. */
  async resize(size: TtySize): Promise<void> {
    const process = await this.#starting;
    if (process === undefined || this.#exitCode !== null) {
      throw new EngineError("NOT_RUNNING", `Cannot resize exec ${this.plan.id}: not running`);
    }
    await process.resize(size.columns, size.rows);
  }

  #finish(exitCode: number): void {
    this.#exitCode = exitCode;
    this.#finishedAtMs = Date.now();
  }
}

/** Lets a process run whose output nobody reads. */
export function runDetached(process: SandboxProcess): void {
  process.stdin.on("error", ignore);
  process.stdin.end();
  process.stdout.on("error", ignore).resume();
  process.stderr.on("error", ignore).resume();
}

/**
 * Joins a process and a client's connection until the process is over: framed output (raw with a
 * terminal), input until either side ends it. A client that leaves ends the input only, as in
 * Docker: the process runs on.
 */
export function attachProcess(process: SandboxProcess, connection: Duplex, plan: ExecPlan): void {
  process.stdin.on("error", ignore); // it may close its input before the client does
  connection.on("error", ignore); // "close" follows
  if (plan.isStdinAttached) connection.pipe(process.stdin);
  else {
    process.stdin.end();
    connection.resume();
  }
  const outputs = plan.isTty
    ? [forward(process.stdout, connection), discard(process.stderr)]
    : [
        forward(process.stdout.pipe(createFrameEncoder("stdout")), connection, process.stdout),
        forward(process.stderr.pipe(createFrameEncoder("stderr")), connection, process.stderr),
      ];
  connection.once("close", () => {
    if (!process.stdin.writableEnded) process.stdin.end();
  });
  void endAfter(process, Promise.all(outputs), connection);
}

async function endAfter(
  process: SandboxProcess,
  outputsEnded: Promise<unknown>,
  connection: Duplex,
): Promise<void> {
  // The exit code must be known before the client sees the end: workerd asks for it at once.
  await process.exited;
  let timer: NodeJS.Timeout | undefined;
  const grace = new Promise((resolve) => {
    timer = setTimeout(resolve, OUTPUT_GRACE_MS);
  });
  await Promise.race([outputsEnded, grace]);
  clearTimeout(timer);
  connection.end();
  connection.resume(); // input that nobody reads any more must not keep the connection open
}

function forward(output: Readable, connection: Duplex, source: Readable = output): Promise<void> {
  output.pipe(connection, { end: false });
  connection.once("close", () => output.unpipe(connection).resume());
  return ended(output, source);
}

function discard(output: Readable): Promise<void> {
  output.resume();
  return ended(output, output);
}

function ended(output: Readable, source: Readable): Promise<void> {
  return new Promise((resolve) => {
    output.once("end", resolve);
    for (const stream of new Set([output, source])) stream.once("error", () => resolve());
  });
}

/** For streams whose failure shows elsewhere, as the process's exit or the connection's close. */
function ignore(): void {}
