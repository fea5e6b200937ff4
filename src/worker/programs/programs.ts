import { isLive } from "../../core/lifecycle/phase.ts";
import {
  parseTerminal,
  planExec,
  type ExecPlan,
  type ExecSettings,
} from "../../core/programs/exec-plan.ts";
import { OutputHead } from "../../core/programs/output-head.ts";
import { signalNumber } from "../../core/signal-number.ts";
import { ContainerError } from "../../errors/container-error.ts";
import type { Platform } from "../../ports/platform.ts";
import type { Admission } from "../admission.ts";
import { notRunningError } from "../admission-errors.ts";
import type { Supervisor } from "../supervisor.ts";
import {
  programLeaseMs,
  type ProgramEnd,
  type ProgramRunner,
  type StartedProgram,
} from "./program-runner.ts";
import { OutputPair } from "./output-pair.ts";
import type { SinkMaker } from "./program.ts";

/** How a program is run in the container. */
export interface ExecOptions extends ExecSettings {
  /** What it reads from its standard input (default: nothing). */
  readonly stdin?: string | Uint8Array | ReadableStream<Uint8Array>;
  /** Whether the container is started if it does not run; else `NOT_RUNNING`. Default: true. */
  readonly startIfNeeded?: boolean;
  /** Lets the caller leave; the program is ended. Crosses RPC only with its compatibility flags. */
  readonly signal?: AbortSignal;
}

/** How a program ended, and what it said. */
export interface ExecResult extends ProgramEnd {
  /** What it wrote to standard output, as text. */
  readonly stdout: string;
  /** What it wrote to standard error, as text. */
  readonly stderr: string;
  /** Whether it wrote more than `maxOutputBytes`, and was ended for it. */
  readonly isTruncated: boolean;
}

/** How a program ended whose outputs are streams. */
export interface ExecExit extends ProgramEnd {
  /** Whether it wrote more than `maxOutputBytes`, and was ended for it. */
  readonly isTruncated: boolean;
}

/** A program that runs; functions and streams, so that it crosses RPC. */
export interface ExecHandle {
  /** Its number, as the runtime tells it. */
  readonly pid: number;
  /** What it writes to standard output. Read it: a program whose output nobody reads waits. */
  readonly stdout: ReadableStream<Uint8Array>;
  /** What it writes to standard error; nothing where it has a terminal. */
  readonly stderr: ReadableStream<Uint8Array>;
  /** Resolves when it has ended and its outputs were read. */
  exit(): Promise<ExecExit>;
  /** Sends it a signal (default: `"SIGTERM"`). */
  kill(signal?: string | number): Promise<void>;
  /** Gives its terminal another size. */
  resize(columns: number, rows: number): Promise<void>;
}

/** What `exec()` keeps of both outputs where its caller does not say. */
const DEFAULT_MAX_OUTPUT_BYTES = 1_024 * 1_024;

/** What programs are run with. */
export interface ProgramParts {
  readonly platform: Platform;
  readonly supervisor: Supervisor;
  readonly admission: Admission;
  readonly runner: ProgramRunner;
}

/** Runs programs for callers: each is a lease, and starts the container if need be. */
export class Programs {
  readonly #parts: ProgramParts;

  constructor(parts: ProgramParts) {
    this.#parts = parts;
  }

  /** Runs a program to its end, and gives what it wrote. */
  async exec(command: readonly string[], options: ExecOptions): Promise<ExecResult> {
    const plan = planExec(command, options, DEFAULT_MAX_OUTPUT_BYTES);
    const close = await this.#admit(plan, options);
    try {
      const head = new OutputHead(plan.maxOutputBytes);
      const { end } = await this.#start(plan, options, (stop) => {
        const take = (from: "stdout" | "stderr") => (part: Uint8Array) => {
          head.take(from, part);
          if (head.isTruncated) stop();
        };
        return { stdout: take("stdout"), stderr: take("stderr") };
      });
      const ended = await end;
      const outputs = { stdout: head.text("stdout"), stderr: head.text("stderr") };
      return { ...ended, ...outputs, isTruncated: head.isTruncated };
    } finally {
      close();
    }
  }

  /** Runs a program, and gives what it writes as it comes. */
  async stream(command: readonly string[], options: ExecOptions): Promise<ExecHandle> {
    const plan = planExec(command, options, Infinity);
    const close = await this.#admit(plan, options);
    try {
      const pair = new OutputPair(plan.maxOutputBytes);
      const started = await this.#start(plan, options, (stop) => pair.sinks(stop));
      const exit = started.end.then((ended) => ({ ...ended, isTruncated: pair.isTruncated }));
      const finish = (error?: unknown): void => {
        pair.finish(error);
        close();
      };
      this.#parts.platform.keepAlive(exit.then(() => finish(), finish));
      return handleOf(started, pair, exit);
    } catch (error) {
      close();
      throw error;
    }
  }

  /** Has the container up, and keeps it awake until the returned function is called. */
  async #admit(plan: ExecPlan, { startIfNeeded = true, signal }: ExecOptions): Promise<() => void> {
    const { supervisor, admission, runner } = this.#parts;
    runner.check();
    if (startIfNeeded) await admission.start({ signal });
    else if (!isLive(await supervisor.reconcile())) throw notRunningError("run a program");
    const lease = supervisor.openLease("exec", programLeaseMs(plan));
    return () => supervisor.closeLease(lease);
  }

  #start(
    plan: ExecPlan,
    { stdin, signal }: ExecOptions,
    sinks: SinkMaker,
  ): Promise<StartedProgram> {
    return this.#parts.runner.start({ plan, stdin: inputOf(stdin), sinks, signal });
  }
}

function handleOf(
  { child, program }: StartedProgram,
  { stdout, stderr }: OutputPair,
  exit: Promise<ExecExit>,
): ExecHandle {
  return {
    pid: child.pid,
    stdout: stdout.readable,
    stderr: stderr.readable,
    exit: () => exit,
    kill: async (signal = "SIGTERM") => program.kill(signalNumber(signal)),
    resize: async (columns, rows) => {
      const size = parseTerminal({ columns, rows });
      child.resize(size.cols, size.rows);
    },
  };
}

function inputOf(stdin: ExecOptions["stdin"]): ReadableStream | undefined {
  if (stdin === undefined || stdin instanceof ReadableStream) return stdin;
  if (typeof stdin === "string" || stdin instanceof Uint8Array) {
    return new Response(stdin).body ?? undefined;
  }
  throw new ContainerError(
    "INVALID_ARGUMENT",
    "Cannot use stdin: it is not a text, bytes or a stream of bytes",
  );
}
