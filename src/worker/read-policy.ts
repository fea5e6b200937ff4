import { parseDuration, type Duration } from "../core/duration.ts";
import { DEFAULT_POLICY, type Policy } from "../core/lifecycle/policy.ts";
import type { PersistPlan } from "./snapshots/persist-plan.ts";
import { NO_PLAN } from "../core/snapshot/snapshot.ts";
import { ContainerError } from "../errors/container-error.ts";
import { shown } from "../errors/shown.ts";

/** How long a start may take. */
export interface Startup {
  /** How long one caller waits until the platform has given an instance. Default: 30 s. */
  readonly instanceTimeout?: Duration;
  /** How long one caller waits for instance and ports together. Default: 60 s. */
  readonly readyTimeout?: Duration;
  /** A probe that got no answer in this time has failed. Default: 5 s. */
  readonly probeTimeout?: Duration;
  /**
   * How long a boot may take, from the first who waits for the app: one that is not ready by then
   * is destroyed and started anew. Callers may give up long before that and harm nothing.
   * Default: 5 min.
   */
  readonly bootTimeout?: Duration;
}

/** What of it a single caller may set for itself. */
export type CallerStartup = Omit<Startup, "bootTimeout">;

/** What an instance may cost. */
export interface Budget {
  /** How long containers may run within a day of UTC, in seconds. Default: no limit. */
  readonly runSecondsPerDay?: number;
}

/** The fields of a container class that make its policy. */
export interface PolicyFields {
  readonly sleepAfter: Duration;
  readonly drain: Duration;
  readonly stopGrace: Duration;
  readonly startup?: Startup;
  readonly requestTimeout?: Duration;
  readonly idleStreamTimeout: Duration;
  readonly idleSocketTimeout: Duration;
  readonly maxLifetime?: Duration;
  readonly maxRunsPerHour?: number;
  readonly budget?: Budget;
  readonly persist?: PersistPlan;
}

/** A setting that is not there has its default. */
const DURATIONS = [
  ["sleepAfter", "sleepAfterMs"],
  ["drain", "drainMs"],
  ["stopGrace", "stopGraceMs"],
  ["requestTimeout", "requestTimeoutMs"],
  ["idleStreamTimeout", "idleStreamMs"],
  ["idleSocketTimeout", "idleSocketMs"],
  ["maxLifetime", "maxLifetimeMs"],
] as const;

const STARTUP = [
  ["instanceTimeout", "instanceTimeoutMs"],
  ["readyTimeout", "readyTimeoutMs"],
  ["probeTimeout", "probeTimeoutMs"],
  ["bootTimeout", "bootTimeoutMs"],
] as const;

/**
 * Reads the policy of a class. One setting that cannot be read has its default and spoils no other.
 *
 * @param onFault told of each setting that cannot be read
 */
export function readPolicy(fields: PolicyFields, onFault: (fault: unknown) => void): Policy {
  const attempt = (read: () => number, otherwise: number): number => {
    try {
      return read();
    } catch (fault) {
      onFault(fault);
      return otherwise;
    }
  };
  const policy: Record<keyof Policy, number> = { ...DEFAULT_POLICY };
  const duration = (value: Duration | undefined, name: string, key: keyof Policy): void => {
    if (value !== undefined) policy[key] = attempt(() => parseDuration(value, name), policy[key]);
  };
  for (const [name, key] of DURATIONS) duration(fields[name], name, key);
  for (const [name, key] of STARTUP) {
    duration(fields.startup?.[name], `startup.${name}`, key);
  }
  const { on, timeoutMs } = fields.persist ?? NO_PLAN;
  policy.saveIdleMs = on.includes("idle") ? timeoutMs : 0;
  policy.saveStopMs = on.includes("stop") ? timeoutMs : 0;
  policy.maxRunsPerHour = attempt(
    () => atLeast(fields.maxRunsPerHour, 1, "maxRunsPerHour"),
    Infinity,
  );
  policy.runMsPerDay = attempt(
    () => atLeast(fields.budget?.runSecondsPerDay, 0, "budget.runSecondsPerDay") * 1_000,
    Infinity,
  );
  return policy;
}

function atLeast(value: unknown, least: number, field: string): number {
  if (value === undefined) return Infinity;
  if (typeof value === "number" && value >= least) return value;
  throw new ContainerError(
    "INVALID_CONFIG",
    `Cannot use ${field}: ${shown(value)} is not a limit; use a number of ${least} or more`,
  );
}
