import { redactError } from "../../core/environment/redact.ts";
import { isLive } from "../../core/lifecycle/phase.ts";
import type { ExecPlan } from "../../core/programs/exec-plan.ts";
import { isMissingProgram, tellsOfMissingProgram } from "../../core/programs/missing-program.ts";
import { OutputHead } from "../../core/programs/output-head.ts";
import { textOf, toContainerError } from "../../errors/from-runtime.ts";
import type { Platform } from "../../ports/platform.ts";
import { sleep } from "../sleep.ts";
import type { Supervisor } from "../supervisor.ts";
import {
  cutShortError,
  leftError,
  missingProgramError,
  neverStartedError,
  notSupportedError,
} from "./program-errors.ts";
import { KILL_GRACE_MS, Program, type SinkMaker } from "./program.ts";

const SIGKILL = 9;

/** The exit code of whatever is left in a container that ends, among others. */
const KILLED = 137;

/** The end of a container shows a moment later than that of its programs. */
const LOOKS = 4;
const LOOK_MS = 150;

/** Enough for what a shell says of a program that is missing. */
const FIRST_WORDS_BYTES = 1_024;

/** One program to be run. */
export interface ProgramRequest {
  readonly plan: ExecPlan;
  readonly stdin?: ReadableStream | undefined;
  readonly sinks: SinkMaker;
  /** Lets the caller leave; the program is ended. */
  readonly signal?: AbortSignal | undefined;
}

/** How a program ended. */
export interface ProgramEnd {
  /** `null` when it was killed and its end was not seen. */
  readonly exitCode: number | null;
  /** Whether it was ended because its time was over. */
  readonly timedOut: boolean;
  /** How long it ran, in milliseconds. */
  readonly durationMs: number;
}

/** A program that was started. */
export interface StartedProgram {
  readonly program: Program;
  readonly child: ExecProcess;
  /** Settles when it has ended; rejects when it never ran, or did not get to its end. */
  readonly end: Promise<ProgramEnd>;
}

/** Runs programs in a container that is up. */
export class ProgramRunner {
  readonly #platform: Platform;
  readonly #supervisor: Supervisor;

  constructor(platform: Platform, supervisor: Supervisor) {
    this.#platform = platform;
    this.#supervisor = supervisor;
  }

  /** @throws {ContainerError} `NOT_SUPPORTED` when the runtime runs no programs */
  check(): void {
    if (typeof this.#platform.runtime.exec === "function") return;
    throw notSupportedError("exec", "run a program in the container");
  }

  /**
   * Starts a program.
   *
   * @throws {ContainerError} `PROGRAM_NOT_FOUND`, `EXITED`, `NOT_SUPPORTED`, or what the runtime says
   */
  async start(request: ProgramRequest): Promise<StartedProgram> {
    const { run } = this.#supervisor.phase;
    const beganAtMs = this.#now();
    const child = await this.#spawn(request, run);
    const words = new OutputHead(FIRST_WORDS_BYTES);
    const sinks: SinkMaker = (stop) => {
      const { stdout, stderr } = request.sinks(stop);
      const heard = (part: Uint8Array): void | Promise<void> => {
        words.take("stderr", part);
        return stderr(part);
      };
      return { stdout, stderr: heard };
    };
    const program = new Program(child, sinks, this.#platform.clock);
    const end = this.#outcome({ program, request, run, words, beganAtMs });
    end.catch(() => {}); // told to whoever awaits it
    return { program, child, end };
  }

  async #spawn({ plan, stdin }: ProgramRequest, run: number): Promise<ExecProcess> {
    const { runtime } = this.#platform;
    if (typeof runtime.exec !== "function") {
      throw notSupportedError("exec", "run a program in the container");
    }
    const [program = ""] = plan.argv;
    try {
      const options = { ...plan.options, ...(stdin !== undefined && { stdin }) };
      return await this.#inTime(runtime.exec([...plan.argv], options), plan);
    } catch (thrown) {
      const error = redactError(thrown, plan.options.env ?? {});
      await this.#checkAlive(run, program);
      if (tellsOfMissingProgram(textOf(error))) throw missingProgramError(program, error);
      throw toContainerError(error, `run ${JSON.stringify(program)}`);
    }
  }

  /** A runtime that never starts the program must not keep its caller for longer than that may take. */
  async #inTime(
    spawning: Promise<ExecProcess>,
    { argv, timeoutMs }: ExecPlan,
  ): Promise<ExecProcess> {
    const over = new AbortController();
    const late = sleep(this.#platform.clock, timeoutMs, over.signal).then(() => undefined);
    try {
      const child = await Promise.race([spawning, late]);
      if (child !== undefined) return child;
      spawning.then((unwanted) => unwanted.kill(SIGKILL)).catch(() => {});
      throw neverStartedError(argv[0] ?? "", timeoutMs);
    } finally {
      over.abort();
    }
  }

  async #outcome(started: {
    readonly program: Program;
    readonly request: ProgramRequest;
    readonly run: number;
    readonly words: OutputHead;
    readonly beganAtMs: number;
  }): Promise<ProgramEnd> {
    const { program, request, run, words, beganAtMs } = started;
    const { plan, signal } = request;
    const [name = ""] = plan.argv;
    const { clock } = this.#platform;
    let timedOut = false;
    const timer = clock.setTimeout(() => {
      timedOut = true;
      program.end();
    }, plan.timeoutMs);
    const leave = (): void => program.end();
    signal?.addEventListener("abort", leave);
    if (signal?.aborted === true) leave();
    try {
      const exitCode = await this.#exitCode(program, run, name);
      if (signal?.aborted === true) throw leftError(name);
      if (isMissingProgram(name, exitCode, words.text("stderr"))) throw missingProgramError(name);
      return { exitCode, timedOut, durationMs: this.#now() - beganAtMs };
    } finally {
      clock.clearTimeout(timer);
      signal?.removeEventListener("abort", leave);
    }
  }

  async #exitCode(program: Program, run: number, name: string): Promise<number | null> {
    try {
      const exitCode = await program.ended;
      if (exitCode === KILLED && !program.isEnding) await this.#checkAlive(run, name);
      return exitCode;
    } catch (error) {
      await this.#checkAlive(run, name);
      throw toContainerError(error, `tell how ${JSON.stringify(name)} ended`);
    }
  }

  /** @throws {ContainerError} `EXITED` when the container has ended, or is about to */
  async #checkAlive(run: number, program: string): Promise<void> {
    const { runtime, clock } = this.#platform;
    for (let look = 0; look < LOOKS && runtime.running && this.#isOf(run); look += 1) {
      await sleep(clock, LOOK_MS);
    }
    await this.#supervisor.reconcile();
    if (this.#isOf(run)) return;
    const { lastStop } = this.#supervisor.lifecycle;
    throw cutShortError(program, lastStop?.runId === run ? lastStop : null);
  }

  #isOf(run: number): boolean {
    const { phase } = this.#supervisor;
    return phase.run === run && isLive(phase);
  }

  #now(): number {
    return this.#platform.clock.now();
  }
}

/** How long a program's lease counts if nothing more is heard of it, in milliseconds. */
export function programLeaseMs({ timeoutMs }: ExecPlan): number {
  return timeoutMs + 2 * KILL_GRACE_MS;
}
