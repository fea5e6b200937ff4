import { backoffMs } from "../core/backoff.ts";
import { isEnding, isLive, type Phase, type StopRecord } from "../core/lifecycle/phase.ts";
import { startGate, type StartGate } from "../core/lifecycle/start-gate.ts";
import { ContainerError } from "../errors/container-error.ts";
import { textOf, toContainerError } from "../errors/from-runtime.ts";
import type { Platform } from "../ports/platform.ts";
import { exitedError, gateError } from "./admission-errors.ts";
import type { Ending } from "./exit-watch.ts";
import { sleep } from "./sleep.ts";
import type { StartPlanner } from "./start-planner.ts";
import type { Supervisor } from "./supervisor.ts";
import { untilAborted } from "./until-aborted.ts";

/** How many runs may end under one who waits before that is the answer. */
const MAX_ENDS = 2;

/** What one who waits has seen so far. */
export interface Attempts {
  /** How many starts the platform refused in a row. */
  refusals: number;
  /** How many runs ended by themselves. */
  ends: number;
  /** Whether the present run was up when it was last looked at. */
  wasUp: boolean;
}

type Refusal = Extract<Ending, { kind: "start-refused" }>;

/** Begins runs, and decides whether one that ended is followed by another. */
export class RunStarter {
  readonly #platform: Platform;
  readonly #supervisor: Supervisor;
  readonly #planner: StartPlanner;
  #refusal: unknown;

  constructor(platform: Platform, supervisor: Supervisor, planner: StartPlanner) {
    this.#platform = platform;
    this.#supervisor = supervisor;
    this.#planner = planner;
  }

  /** Why the platform refused the last start; undefined once one came up. */
  get refusal(): unknown {
    return this.#refusal;
  }

  /** Whether a run may begin now. */
  get gate(): StartGate {
    return startGate(this.#supervisor.lifecycle, this.#supervisor.policy, this.#now());
  }

  /** Whether the platform refused to start a run. */
  isRefused(run: number): boolean {
    const ending = this.#supervisor.lastEnding;
    return ending?.kind === "start-refused" && ending.run === run;
  }

  /** What one who begins to wait has seen: nothing. */
  newAttempts(): Attempts {
    return { refusals: 0, ends: 0, wasUp: false };
  }

  /** Notes that a run came up, so that no earlier refusal is the answer any more. */
  admitted(): void {
    this.#refusal = undefined;
  }

  /**
   * Starts a run unless one is going on. A container that is ending is waited for first, and so is
   * the pause after a crash.
   *
   * @throws {ContainerError} `CRASH_LOOP`, `BUDGET_SPENT`, `RUN_LIMIT` when no run may begin;
   * `INVALID_CONFIG`, `EGRESS_FAILED`, `UNKNOWN_IMAGE`, `INVALID_INSTANCE`, `SNAPSHOT_UNUSABLE`,
   * `POLICY_REQUIRED`, `ENV_FAILED`, `INVALID_ENV` when it cannot be prepared
   */
  async begin(abandoned: AbortSignal): Promise<number> {
    const { clock, startSteps } = this.#platform;
    const steps = [this.#planner, ...startSteps];
    for (;;) {
      await this.#endOfEnding(abandoned);
      const { gate } = this;
      const { phase } = this.#supervisor; // another gate may have begun a run since
      if (isLive(phase)) break;
      if (gate.kind === "open") {
        const run = phase.run + 1;
        const step = steps.find((each) => !each.isReady(run));
        if (step === undefined) break;
        await untilAborted(step.prepare(run, abandoned), abandoned);
      } else {
        if (gate.code !== "RESTARTING") throw gateError(gate, this.#now());
        await sleep(clock, gate.untilMs - this.#now(), abandoned);
      }
      abandoned.throwIfAborted(); // whatever happened meanwhile
    }
    const { lifecycle } = this.#supervisor;
    const origin = isLive(lifecycle.phase) ? undefined : this.#planner.begin(lifecycle);
    this.#supervisor.dispatch({ kind: "start-requested", origin });
    return this.#supervisor.phase.run;
  }

  /**
   * Decides what the end of a run means for those who wait: returns when another is to begin.
   *
   * A refusal that may pass is tried again after a pause. A run that ended by itself is followed by
   * another, twice; one that was told to end, or that was done, is not.
   *
   * @throws {ContainerError} `EXITED`, or what the platform refused the start with
   */
  async afterEnd(run: number, attempts: Attempts, abandoned: AbortSignal): Promise<void> {
    const { lastEnding, lifecycle } = this.#supervisor;
    if (lastEnding?.kind === "start-refused" && lastEnding.run === run) {
      return await this.#afterRefusal(lastEnding, attempts, abandoned);
    }
    const { lastStop, phase } = lifecycle;
    if (lastStop?.runId !== run) return;
    if (isReplaced(phase, lastStop) && !this.#supervisor.isToldToEnd(run)) return;
    attempts.ends += 1;
    if (this.#isLast(lastStop, attempts)) throw exitedError(lastStop, this.#retryAfterMs());
  }

  /** One that ended for a rollout did not do its job: the next one will. */
  #isLast({ runId: run, cause }: StopRecord, { ends, wasUp }: Attempts): boolean {
    const isDone = this.#supervisor.phase.kind === "stopped" && !wasUp && cause !== "rollout";
    return ends > MAX_ENDS || isDone || this.#supervisor.isToldToEnd(run);
  }

  async #afterRefusal(
    { error, reason }: Refusal,
    attempts: Attempts,
    abandoned: AbortSignal,
  ): Promise<void> {
    this.#refusal = error;
    if (reason === "failure") return this.#afterFailure(error);
    attempts.refusals += 1;
    await this.#pause(attempts.refusals, abandoned);
  }

  /** A run from a snapshot that nobody asked for is followed by one without it. */
  #afterFailure(error: unknown): void {
    const { snapshotId, isSnapshotAsked } = this.#supervisor.lifecycle.origin ?? {};
    if (snapshotId === undefined) throw toContainerError(error, "start the container");
    if (isSnapshotAsked === undefined) return;
    throw new ContainerError(
      "SNAPSHOT_FAILED",
      `Cannot start from snapshot ${snapshotId}: ${textOf(error)}; take another one`,
      { cause: error, details: { id: snapshotId } },
    );
  }

  async #endOfEnding(abandoned: AbortSignal): Promise<void> {
    for (;;) {
      const phase = await this.#supervisor.reconcile();
      if (!isEnding(phase)) return;
      await untilAborted(this.#supervisor.ended(phase.run), abandoned);
      abandoned.throwIfAborted();
    }
  }

  /** Between a half and one and a half, so that those who were refused together part. */
  async #pause(refusals: number, abandoned: AbortSignal): Promise<void> {
    const { clock, random } = this.#platform;
    const pauseMs = backoffMs(refusals, 100, 5_000) * (0.5 + random());
    await sleep(clock, pauseMs, abandoned);
    abandoned.throwIfAborted();
  }

  #retryAfterMs(): number | undefined {
    const { gate } = this;
    return gate.kind === "closed" ? Math.max(1, gate.untilMs - this.#now()) : undefined;
  }

  #now(): number {
    return this.#platform.clock.now();
  }
}

/** A run that we ended because its app was silent: the next one is what those who wait are for. */
function isReplaced(phase: Phase, { cause }: StopRecord): boolean {
  return (phase.kind === "backoff" || phase.kind === "failed") && cause === "destroy";
}
