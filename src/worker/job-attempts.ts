import { lostAttempt, type JobResult, type RunningJob } from "../core/jobs/job.ts";
import type { StopRecord } from "../core/lifecycle/phase.ts";
import type { ExecPlan } from "../core/programs/exec-plan.ts";
import { OutputTail } from "../core/programs/output-tail.ts";
import { ContainerError, isContainerError } from "../errors/container-error.ts";
import type { Platform } from "../ports/platform.ts";
import type { Admission } from "./admission.ts";
import type { JobPlan } from "./job-plan.ts";
import type { JobStore } from "./job-store.ts";
import { programLeaseMs, type ProgramRunner } from "./programs/program-runner.ts";
import type { Supervisor } from "./supervisor.ts";

const SIGTERM = 15;

/** How much is kept of the end of each output. */
const TAIL_BYTES = 8 * 1_024;

/** What attempts are made with. */
export interface AttemptParts {
  readonly platform: Platform;
  readonly supervisor: Supervisor;
  readonly admission: Admission;
  readonly runner: ProgramRunner;
  readonly store: JobStore;
}

/** Makes one try of a job: a run of the container, or a program in it. */
export class JobAttempts {
  readonly #parts: AttemptParts;
  #lastHold = 0;

  constructor(parts: AttemptParts) {
    this.#parts = parts;
  }

  /** Makes a try. */
  async run(plan: JobPlan, number: number): Promise<JobResult> {
    return plan.exec === undefined
      ? await this.#ownCommand(plan, number)
      : await this.#program(plan, plan.exec, number);
  }

  /** Waits for the end of a run that another object began for the job. */
  async rejoin(plan: JobPlan, job: RunningJob): Promise<JobResult> {
    const { supervisor } = this.#parts;
    const { runId, attempts, stop } = job;
    if (stop !== undefined) return ownResult(stop, { attempts, timedOut: false });
    const { timedOut } = await this.#watched(plan, () => supervisor.ended(runId));
    const { lastStop } = supervisor.lifecycle;
    if (lastStop?.runId === runId) return ownResult(lastStop, { attempts, timedOut });
    return lostAttempt(job, this.#now());
  }

  async #ownCommand(plan: JobPlan, attempts: number): Promise<JobResult> {
    const { supervisor, admission } = this.#parts;
    const { timedOut, value: run } = await this.#watched(plan, (left) =>
      admission.runToEnd(left, (runId) => this.#note(plan, attempts, runId)),
    );
    const { lastStop } = supervisor.lifecycle;
    if (lastStop?.runId === run) return ownResult(lastStop, { attempts, timedOut });
    throw new ContainerError(
      "EXITED",
      `Cannot tell how run ${run} ended: another one has ended since`,
    );
  }

  /** Holds the instance awake meanwhile: a job is no idle time, whatever becomes of the object. */
  async #watched<Value>(
    { timeoutMs, signal }: JobPlan,
    work: (left: AbortSignal) => Promise<Value>,
  ): Promise<{ readonly value: Value; readonly timedOut: boolean }> {
    const { supervisor, platform } = this.#parts;
    const patience = new AbortController();
    let timedOut = false;
    const leave = (): void => patience.abort();
    const timer = platform.clock.setTimeout(() => {
      timedOut = true;
      void supervisor.stop(SIGTERM);
    }, timeoutMs);
    signal?.addEventListener("abort", leave);
    if (signal?.aborted === true) leave();
    const release = this.#hold(timeoutMs);
    try {
      return { value: await work(patience.signal), timedOut };
    } finally {
      platform.clock.clearTimeout(timer);
      signal?.removeEventListener("abort", leave);
      if (patience.signal.aborted) await supervisor.stop(SIGTERM);
      release();
    }
  }

  async #program(plan: JobPlan, exec: ExecPlan, attempts: number): Promise<JobResult> {
    const { supervisor, admission, runner } = this.#parts;
    runner.check();
    await admission.start({ signal: plan.signal });
    const { run } = supervisor.phase;
    const startedAtMs = this.#now();
    const lease = supervisor.openLease("exec", programLeaseMs(exec));
    const release = this.#hold(programLeaseMs(exec));
    const tails = { stdout: new OutputTail(TAIL_BYTES), stderr: new OutputTail(TAIL_BYTES) };
    const sinks = {
      stdout: (part: Uint8Array) => tails.stdout.take(part),
      stderr: (part: Uint8Array) => tails.stderr.take(part),
    };
    const ended = (how: Pick<JobResult, "exitCode" | "cause" | "timedOut">): JobResult => ({
      ...{ runId: run, ...how, startedAtMs, endedAtMs: this.#now() },
      ...{ stdoutTail: tails.stdout.text, stderrTail: tails.stderr.text, attempts },
    });
    try {
      this.#note(plan, attempts, run);
      const { end } = await runner.start({ plan: exec, sinks: () => sinks, signal: plan.signal });
      const { exitCode, timedOut } = await end;
      return ended({ exitCode, timedOut, cause: timedOut ? "stop" : "exit" });
    } catch (error) {
      if (!isContainerError(error, "EXITED")) throw error;
      const { lastStop } = supervisor.lifecycle;
      const cause = lastStop?.runId === run ? lastStop.cause : "unknown";
      return ended({ exitCode: null, timedOut: false, cause });
    } finally {
      release();
      supervisor.closeLease(lease);
    }
  }

  /** Written down in the turn in which it begins. */
  #note({ key, command }: JobPlan, attempts: number, runId: number): void {
    if (key === undefined) return;
    const nowMs = this.#now();
    const job = { kind: "running", command, attempts, runId, startedAtMs: nowMs } as const;
    this.#parts.store.put(key, job, nowMs);
  }

  #hold(durationMs: number): () => void {
    const { supervisor } = this.#parts;
    this.#lastHold += 1;
    const name = `run() ${this.#now()}-${this.#lastHold}`;
    supervisor.hold({ ...supervisor.instance.holds, [name]: this.#now() + durationMs });
    return () => {
      const { [name]: _over, ...others } = supervisor.instance.holds;
      supervisor.hold(others);
    };
  }

  #now(): number {
    return this.#parts.platform.clock.now();
  }
}

function ownResult(stop: StopRecord, how: Pick<JobResult, "attempts" | "timedOut">): JobResult {
  return { ...stop, stdoutTail: null, stderrTail: null, ...how };
}
