import { afterCheck, isDead, needsCheck, watched, type LivenessPolicy } from "../core/liveness.ts";
import { parseDuration, type Duration } from "../core/duration.ts";
import type { ReadinessCheck } from "../core/readiness/readiness-check.ts";
import type { Clock } from "../ports/clock.ts";
import { sleep } from "./sleep.ts";
import type { Supervisor } from "./supervisor.ts";

/** How a class has its app watched. */
export interface Liveness {
  /** What a living app passes, as for `ready`. */
  readonly check: ReadinessCheck;
  /** The time between two checks. Default: 30 s. */
  readonly every?: Duration;
  /** After so many failures in a row the container is replaced. Default: 3. */
  readonly failures?: number;
}

/** What an app is watched with. */
export interface LivenessParts {
  readonly supervisor: Supervisor;
  readonly clock: Clock;
  readonly object: { readonly liveness?: Liveness };
  /** Runs the check once. Throws what the check says as its last word. */
  readonly passes: (check: ReadinessCheck, idle: AbortSignal) => Promise<boolean>;
  readonly keepAlive: (work: Promise<unknown>) => void;
}

/**
 * Checks that a busy app still works. Runs only while something is in flight, which keeps the
 * object in memory anyway: an idle object is never kept or woken for it.
 */
export class LivenessWatch {
  readonly #parts: LivenessParts;
  #answeredAtMs = 0;
  #idle: AbortController | undefined;

  constructor(parts: LivenessParts) {
    this.#parts = parts;
  }

  /** Notes that the app answered a request. */
  answered(): void {
    this.#answeredAtMs = this.#parts.clock.now();
  }

  /** Something is in flight again. */
  begin(): void {
    const { object, keepAlive } = this.#parts;
    if (object.liveness === undefined || this.#idle !== undefined) return;
    this.#idle = new AbortController();
    keepAlive(this.#watch(object.liveness, this.#idle.signal));
  }

  /** Nothing is in flight any more. */
  end(): void {
    this.#idle?.abort();
    this.#idle = undefined;
  }

  async #watch(liveness: Liveness, idle: AbortSignal): Promise<void> {
    const { clock, supervisor } = this.#parts;
    const policy = {
      everyMs: parseDuration(liveness.every ?? "30s", "liveness.every"),
      failures: liveness.failures ?? 3,
    };
    let state = watched(policy, clock.now());
    let { run } = supervisor.phase;
    for (;;) {
      await sleep(clock, state.dueAtMs - clock.now(), idle);
      if (idle.aborted) return;
      const { phase } = supervisor;
      if (phase.run !== run || phase.kind !== "ready") {
        state = watched(policy, clock.now());
        run = phase.run;
        continue;
      }
      const isAlive = await this.#isAlive(policy, liveness.check, idle);
      state = afterCheck(state, policy, { isAlive, nowMs: clock.now() });
      if (!isDead(state, policy) || supervisor.phase.run !== run) continue;
      const { inFlight } = supervisor;
      supervisor.dispatch({ kind: "wedged", run, silence: "hung", inFlight });
    }
  }

  async #isAlive(
    policy: LivenessPolicy,
    check: ReadinessCheck,
    idle: AbortSignal,
  ): Promise<boolean> {
    const { clock, passes } = this.#parts;
    if (!needsCheck(policy, this.#answeredAtMs, clock.now())) return true;
    try {
      return (await passes(check, idle)) || idle.aborted;
    } catch {
      return false; // a check's last word: there is no boot here that could be given up
    }
  }
}
