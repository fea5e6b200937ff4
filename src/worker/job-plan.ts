import { checkEnvironment, type Environment } from "../core/environment/check-environment.ts";
import { parseDuration, type Duration } from "../core/duration.ts";
import { planExec, type ExecPlan } from "../core/programs/exec-plan.ts";
import { ContainerError } from "../errors/container-error.ts";
import { shown } from "../errors/shown.ts";
import type { ContainerStartConfigOptions } from "./container-types.ts";

/** How a job is run. */
export interface RunOptions extends ContainerStartConfigOptions {
  /** More environment for it, over the class's. */
  env?: Readonly<Record<string, string>>;
  /** Working directory of a command (default: the image's). */
  cwd?: string;
  /** Who a command runs as (default: the image's user). */
  user?: string;
  /** How long one try may take; it is stopped then (default: 15 min). */
  timeout?: Duration;
  /** How often a job that ends with another code than 0 is tried again (default: 0). */
  retries?: number;
  /**
   * Names the job: asked for again with the same key, also after the object has died, it is
   * attached to, or its result given, and not run twice. Kept for a day, for the last 100 jobs.
   */
  idempotencyKey?: string;
  /** Lets the caller leave; the job is stopped. */
  signal?: AbortSignal;
}

/** A job as it was asked for. */
export interface JobPlan {
  /** What names the job; undefined for one that is not kept. */
  readonly key: string | undefined;
  /** The command, as text; empty when the container's own command is the job. */
  readonly command: string;
  /** How the command is run; undefined when the container's own command is the job. */
  readonly exec: ExecPlan | undefined;
  readonly timeoutMs: number;
  readonly retries: number;
  readonly signal: AbortSignal | undefined;
  /** What its container has in place of the class's settings. */
  readonly start: ContainerStartConfigOptions | undefined;
}

const MAX_RETRIES = 100;
const MAX_KEY_LENGTH = 256;

/**
 * Reads how a job is to be run.
 *
 * @param classVars the class's environment, which `env` adds to
 * @throws {ContainerError} `INVALID_ARGUMENT`, `INVALID_DURATION`, `INVALID_ENV`
 */
export function planJob(
  command: readonly string[] | undefined,
  options: RunOptions,
  classVars: Environment,
): JobPlan {
  const { env, cwd, user, timeout = "15m", retries, idempotencyKey, signal, ...start } = options;
  if (env !== undefined) checkEnvironment(env);
  const isOwn = command === undefined;
  return {
    key: keyOf(idempotencyKey),
    command: isOwn ? "" : JSON.stringify(command),
    exec: isOwn ? undefined : planExec(command, defined({ timeout, env, cwd, user }), Infinity),
    timeoutMs: parseDuration(timeout, "timeout"),
    retries: retriesOf(retries),
    signal,
    start: startOf(start, isOwn ? env : undefined, classVars),
  };
}

/** Settings that are there; one without a value is none. */
function defined<Settings extends object>(
  settings: Settings,
): {
  [Name in keyof Settings]?: Exclude<Settings[Name], undefined>;
} {
  const given = Object.entries(settings).filter(([, value]) => value !== undefined);
  return Object.fromEntries(given) as ReturnType<typeof defined<Settings>>;
}

/** A caller's environment stands in place of the class's, so what is added to that holds both. */
function startOf(
  start: ContainerStartConfigOptions,
  env: Environment | undefined,
  classVars: Environment,
): ContainerStartConfigOptions | undefined {
  if (env !== undefined) return { ...start, envVars: { ...(start.envVars ?? classVars), ...env } };
  return Object.keys(start).length === 0 ? undefined : start;
}

function keyOf(key: unknown): string | undefined {
  if (key === undefined) return undefined;
  if (typeof key === "string" && key !== "" && key.length <= MAX_KEY_LENGTH) return key;
  throw new ContainerError(
    "INVALID_ARGUMENT",
    `Cannot use idempotencyKey: ${shown(key)} is not a text of 1 to ${MAX_KEY_LENGTH} letters`,
  );
}

function retriesOf(retries: unknown = 0): number {
  const isCount = typeof retries === "number" && Number.isInteger(retries);
  if (isCount && retries >= 0 && retries <= MAX_RETRIES) return retries;
  throw new ContainerError(
    "INVALID_ARGUMENT",
    `Cannot use retries: ${shown(retries)} is not a whole number from 0 to ${MAX_RETRIES}`,
  );
}
