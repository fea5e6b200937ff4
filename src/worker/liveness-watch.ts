import { parseDuration, type Duration } from "../core/duration.ts";
import { hasWaited } from "../core/lease.ts";
import {
  afterCheck,
  isDead,
  needsCheck,
  watched,
  type LivenessPolicy,
  type LivenessState,
} from "../core/liveness.ts";
import type { ReadinessCheck } from "../core/readiness/readiness-check.ts";
import { ContainerError } from "../errors/container-error.ts";
import { shown } from "../errors/shown.ts";
import type { Clock, TimerId } from "../ports/clock.ts";
import type { Supervisor } from "./supervisor.ts";

/** How a class has its app watched. */
export interface Liveness {
  /** What a living app passes, as for `ready` (default: any answer to `pingEndpoint`). */
  readonly check?: ReadinessCheck;
  /** The time between two checks. Default: 30 s. */
  readonly every?: Duration;
  /** After so many failures in a row the container is replaced. Default: 3. */
  readonly failures?: number;
}

/** What an app is watched with. */
export interface LivenessParts {
  readonly supervisor: Supervisor;
  readonly clock: Clock;
  readonly object: { readonly liveness?: Liveness | false };
  /** Runs a check once. Throws what the check says as its last word. */
  readonly passes: (check: ReadinessCheck | undefined, idle: AbortSignal) => Promise<boolean>;
  readonly report: (error: unknown) => void;
}

/** How a class is watched that says nothing of it: five minutes of utter silence are too long. */
const DEFAULT_POLICY: LivenessPolicy = { everyMs: 30_000, failures: 10 };

/**
 * Checks that a busy app still works. Runs only while something is in flight, which keeps the
 * object in memory anyway: an idle object is never kept or woken for it. Without settings of the
 * class, it looks only after requests that have waited for long.
 */
export class LivenessWatch {
  readonly #parts: LivenessParts;
  #answeredAtMs = 0;
  #timer: TimerId;
  #check: AbortController | undefined;
  #state: LivenessState = { failures: 0, run: 0 };
  #read: { readonly from: Liveness; readonly policy: LivenessPolicy } | undefined;

  constructor(parts: LivenessParts) {
    this.#parts = parts;
  }

  /** Notes that the app answered a request. */
  answered(): void {
    this.#answeredAtMs = this.#parts.clock.now();
  }

  /** Something is in flight again. */
  begin(): void {
    this.#state = watched(this.#parts.supervisor.phase.run);
    this.#arm();
  }

  /** Nothing is in flight any more. */
  end(): void {
    this.#parts.clock.clearTimeout(this.#timer);
    this.#timer = undefined;
    this.#check?.abort();
    this.#check = undefined;
  }

  #arm(): void {
    const { clock, object, report } = this.#parts;
    if (object.liveness === false) return;
    const { everyMs } = this.#policy();
    this.#timer = clock.setTimeout(() => {
      this.#timer = undefined;
      this.#tick().catch(report);
    }, everyMs);
  }

  async #tick(): Promise<void> {
    const check = new AbortController();
    this.#check = check;
    const { supervisor } = this.#parts;
    const { run, kind } = supervisor.phase;
    if (this.#state.run !== run || kind !== "ready") this.#state = watched(run);
    else this.#state = afterCheck(this.#state, await this.#isAlive(check.signal));
    if (check.signal.aborted) return;
    if (isDead(this.#state, this.#policy()) && supervisor.phase.run === run) {
      this.#state = watched(run);
      const { inFlight } = supervisor;
      supervisor.dispatch({ kind: "wedged", run, silence: "hung", inFlight });
    }
    this.#arm();
  }

  async #isAlive(idle: AbortSignal): Promise<boolean> {
    const { clock, passes, object, supervisor } = this.#parts;
    const nowMs = clock.now();
    const policy = this.#policy();
    const liveness = object.liveness || undefined;
    const isAsked = liveness !== undefined || hasWaited(supervisor.leases, policy.everyMs, nowMs);
    if (!isAsked || !needsCheck(policy, this.#answeredAtMs, nowMs)) return true;
    try {
      return await passes(liveness?.check, idle);
    } catch {
      return false; // a check's last word: there is no boot here that could be given up
    }
  }

  /** What cannot be read counts as the default: callers are told by the settings' own check. */
  #policy(): LivenessPolicy {
    const { liveness } = this.#parts.object;
    if (liveness === undefined || liveness === false) return DEFAULT_POLICY;
    if (this.#read?.from !== liveness) {
      this.#read = { from: liveness, policy: readOr(liveness, DEFAULT_POLICY) };
    }
    return this.#read.policy;
  }
}

/**
 * Reads how a class has its app watched.
 *
 * @throws {ContainerError} `INVALID_DURATION`, `INVALID_CONFIG`
 */
export function readLiveness({ every = "30s", failures = 3 }: Liveness): LivenessPolicy {
  const everyMs = Math.max(1_000, parseDuration(every, "liveness.every"));
  if (Number.isInteger(failures) && failures >= 1) return { everyMs, failures };
  throw new ContainerError(
    "INVALID_CONFIG",
    `Cannot read liveness.failures: ${shown(failures)} is no whole number of 1 or more; use 3, say`,
  );
}

function readOr(liveness: Liveness, otherwise: LivenessPolicy): LivenessPolicy {
  try {
    return readLiveness(liveness);
  } catch {
    return otherwise;
  }
}
