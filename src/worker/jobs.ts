import { parseDuration, type Duration } from "../core/duration.ts";
import { isLive, type StopRecord } from "../core/lifecycle/phase.ts";
import { ContainerError } from "../errors/container-error.ts";
import type { Clock } from "../ports/clock.ts";
import type { Admission } from "./admission.ts";
import type { ContainerStartConfigOptions } from "./container-types.ts";
import type { StartSettings } from "./start-settings.ts";
import type { Supervisor } from "./supervisor.ts";

const SIGTERM = 15;

/** How a job is run. */
export interface RunOptions extends ContainerStartConfigOptions {
  /** How long it may take; it is stopped then (default: 15 min). */
  timeout?: Duration;
  /** Lets the caller leave; the run is stopped. */
  signal?: AbortSignal;
}

/** What jobs are run with. */
export interface JobParts {
  readonly supervisor: Supervisor;
  readonly admission: Admission;
  readonly starts: StartSettings;
  readonly clock: Clock;
}

/** Runs containers that do one job and exit. */
export class Jobs {
  readonly #parts: JobParts;

  constructor(parts: JobParts) {
    this.#parts = parts;
  }

  /** Runs the container to its end. */
  async run({ timeout = "15m", signal, ...options }: RunOptions): Promise<StopRecord> {
    const { supervisor, starts } = this.#parts;
    const timeoutMs = parseDuration(timeout, "timeout");
    if (isLive(await supervisor.reconcile())) {
      throw new ContainerError(
        "START_CONFLICT",
        "Cannot run a job: a run is going on; await it, or stop() it first",
      );
    }
    const own = Object.keys(options).length === 0 ? undefined : options;
    const run = await starts.during(own, () => this.#toEnd(timeoutMs, signal));
    return recordOf(supervisor, run);
  }

  /** Holds the instance awake meanwhile: a job is no idle time, whatever becomes of the object. */
  async #toEnd(timeoutMs: number, signal: AbortSignal | undefined): Promise<number> {
    const { supervisor, admission, clock } = this.#parts;
    const { holds } = supervisor.instance;
    const name = "run()";
    const patience = new AbortController();
    const leave = (): void => patience.abort();
    const timer = clock.setTimeout(() => void supervisor.stop(SIGTERM), timeoutMs);
    signal?.addEventListener("abort", leave);
    if (signal?.aborted === true) leave();
    supervisor.hold({ ...holds, [name]: clock.now() + timeoutMs });
    try {
      return await admission.runToEnd(patience.signal);
    } finally {
      clock.clearTimeout(timer);
      signal?.removeEventListener("abort", leave);
      if (patience.signal.aborted) await supervisor.stop(SIGTERM);
      const { [name]: _over, ...others } = supervisor.instance.holds;
      supervisor.hold(others);
    }
  }
}

function recordOf(supervisor: Supervisor, run: number): StopRecord {
  const { lastStop } = supervisor.lifecycle;
  if (lastStop?.runId === run) return lastStop;
  throw new ContainerError(
    "EXITED",
    `Cannot tell how run ${run} ended: another one has ended since`,
  );
}
