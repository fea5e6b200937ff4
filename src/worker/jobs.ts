import { backoffMs } from "../core/backoff.ts";
import {
  isRetried,
  lostAttempt,
  recallJob,
  type JobResult,
  type RunningJob,
} from "../core/jobs/job.ts";
import { isLive } from "../core/lifecycle/phase.ts";
import { ContainerError } from "../errors/container-error.ts";
import type { Platform } from "../ports/platform.ts";
import type { JobAttempts } from "./job-attempts.ts";
import type { JobPlan } from "./job-plan.ts";
import type { JobStore } from "./job-store.ts";
import { sleep } from "./sleep.ts";
import type { StartSettings } from "./start-settings.ts";
import type { Supervisor } from "./supervisor.ts";
import { untilAborted } from "./until-aborted.ts";

/** What jobs are run with. */
export interface JobParts {
  readonly platform: Platform;
  readonly supervisor: Supervisor;
  readonly starts: StartSettings;
  readonly attempts: JobAttempts;
  readonly store: JobStore;
}

/** Runs jobs to their ends. One that has a key is run once, however often it is asked for. */
export class Jobs {
  readonly #parts: JobParts;
  readonly #underWay = new Map<string, { command: string; work: Promise<JobResult> }>();

  constructor(parts: JobParts) {
    this.#parts = parts;
  }

  /** Runs a job, or takes part in one that has its key. */
  async run(plan: JobPlan): Promise<JobResult> {
    const { key, command, signal } = plan;
    if (key === undefined) return await this.#begin(plan);
    const underWay = this.#underWay.get(key);
    if (underWay !== undefined) {
      if (underWay.command !== command) throw conflictError(key);
      if ((await untilAborted(underWay.work, signal)) === "aborted") throw leftError(key);
      return await underWay.work;
    }
    const recall = recallJob(this.#parts.store.get(key, this.#now()), command);
    if (recall.kind === "conflict") throw conflictError(key);
    if (recall.kind === "done") return recall.result;
    const work = recall.kind === "begun" ? this.#resume(plan, recall.job) : this.#begin(plan);
    const kept = this.#kept(key, plan, work);
    this.#underWay.set(key, { command, work: kept });
    return await kept;
  }

  /** Goes on though its caller leaves, and is written down before anybody is told. */
  #kept(key: string, { command }: JobPlan, work: Promise<JobResult>): Promise<JobResult> {
    const { store, platform } = this.#parts;
    const kept = work
      .then(
        (result) => {
          store.put(key, { kind: "done", command, result }, this.#now());
          return result;
        },
        (error: unknown) => {
          store.delete(key); // it never ran to an end: the next who asks may try
          throw error;
        },
      )
      .finally(() => this.#underWay.delete(key));
    platform.keepAlive(kept.catch(() => {}));
    return kept;
  }

  async #begin(plan: JobPlan): Promise<JobResult> {
    const { supervisor } = this.#parts;
    const wasLive = isLive(await supervisor.reconcile());
    if (wasLive && plan.exec === undefined) {
      throw new ContainerError(
        "START_CONFLICT",
        "Cannot run a job: a run is going on; await it, or stop() it first",
      );
    }
    try {
      return await this.#again(plan, await this.#attempt(plan, 1));
    } finally {
      if (plan.exec !== undefined && !wasLive) await this.#endIdle();
    }
  }

  /** Takes up a job that an object began which is no more. */
  async #resume(plan: JobPlan, job: RunningJob): Promise<JobResult> {
    const { supervisor, attempts } = this.#parts;
    await supervisor.reconcile();
    const isOwn = plan.exec === undefined;
    const result = isOwn ? await attempts.rejoin(plan, job) : lostAttempt(job, this.#now());
    return await this.#again(plan, result);
  }

  /** Tries again while that is wanted. */
  async #again(plan: JobPlan, first: JobResult): Promise<JobResult> {
    const { clock, random } = this.#parts.platform;
    let result = first;
    while (isRetried(result, plan.retries) && plan.signal?.aborted !== true) {
      const pauseMs = backoffMs(result.attempts, 1_000, 60_000) * (0.5 + random());
      await sleep(clock, pauseMs, plan.signal);
      result = await this.#attempt(plan, result.attempts + 1);
    }
    return result;
  }

  #attempt(plan: JobPlan, number: number): Promise<JobResult> {
    const { starts, attempts } = this.#parts;
    return starts.during(plan.start, () => attempts.run(plan, number));
  }

  /** A container that was started for a command alone is not paid for until it is idle. */
  async #endIdle(): Promise<void> {
    const { supervisor, platform } = this.#parts;
    const nowMs = platform.clock.now();
    const isHeld = Object.values(supervisor.instance.holds).some((untilMs) => untilMs > nowMs);
    if (supervisor.leases.size === 0 && !isHeld) await supervisor.stop(15);
  }

  #now(): number {
    return this.#parts.platform.clock.now();
  }
}

function conflictError(key: string): ContainerError {
  return new ContainerError(
    "START_CONFLICT",
    `Cannot run a job: its idempotencyKey ${JSON.stringify(key)} is that of another command; use one key for each job`,
  );
}

function leftError(key: string): ContainerError {
  return new ContainerError(
    "ABORTED",
    `Stopped waiting for the job ${JSON.stringify(key)}: the caller left; it goes on`,
  );
}
