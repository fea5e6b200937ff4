import { checkEnvironment, type Environment } from "../core/environment/check-environment.ts";
import { redactError } from "../core/environment/redact.ts";
import { ContainerError } from "../errors/container-error.ts";
import { textOf } from "../errors/from-runtime.ts";
import type { Clock } from "../ports/clock.ts";
import type { StartStep } from "../ports/platform.ts";
import { sleep } from "./sleep.ts";
import { untilAborted } from "./until-aborted.ts";

/** How long a class may take to give the environment of a run. */
const RESOLVE_TIMEOUT_MS = 10_000;

/** What `resolveEnv` is told of the run whose environment it gives. */
export interface EnvContext {
  /** Number of the run that is about to begin. */
  readonly runId: number;
  /** Aborts when the time for it is over: 10 s. */
  readonly signal: AbortSignal;
}

/** Gives the environment of one run, for example from bindings of the Secrets Store. */
export type ResolveEnv = (context: EnvContext) => Promise<Record<string, string>>;

/** What a run's environment is made of. */
export interface EnvironmentSource {
  /** The class's own, or what the caller of `start()` has in place of it. */
  staticVars(): Environment;
  /** What the caller of `start()` gave: it wins over what was resolved. */
  callerVars(): Environment;
  /** The class's `resolveEnv`. */
  resolver(): ResolveEnv | undefined;
}

interface Resolved {
  readonly run: number;
  readonly atMs: number;
  readonly env: Environment;
}

/**
 * The environment of the run that begins: what the class says, over that what `resolveEnv` gave
 * for this run, over that what the caller of `start()` gave; key by key. Never written down.
 */
export class RunEnvironment implements StartStep {
  readonly #source: EnvironmentSource;
  readonly #clock: Clock;
  #resolved: Resolved | undefined;
  #resolving: Promise<void> | undefined;
  #known: Environment = {};

  constructor(source: EnvironmentSource, clock: Clock) {
    this.#source = source;
    this.#clock = clock;
  }

  /** The environment of the run that begins now. */
  get current(): Environment {
    const source = this.#source;
    return { ...source.staticVars(), ...this.#resolved?.env, ...source.callerVars() };
  }

  isReady(run: number): boolean {
    if (this.#source.resolver() === undefined) this.#resolved = undefined;
    else if (this.#resolved?.run !== run || this.#isStale(this.#resolved)) return false;
    const env = this.current;
    checkEnvironment(env);
    this.#known = env;
    return true;
  }

  async prepare(run: number, abandoned: AbortSignal): Promise<void> {
    const resolver = this.#source.resolver();
    if (resolver === undefined) return;
    this.#resolving ??= this.#resolve(resolver, run).finally(() => {
      this.#resolving = undefined;
    });
    await untilAborted(this.#resolving, abandoned);
    abandoned.throwIfAborted();
  }

  /** Takes the values of the environment, the last and the next run's, out of an error's words. */
  redact(error: unknown): unknown {
    return redactError(error, { ...this.#known, ...this.current });
  }

  async #resolve(resolver: ResolveEnv, run: number): Promise<void> {
    const over = new AbortController();
    const late = sleep(this.#clock, RESOLVE_TIMEOUT_MS, over.signal).then(() => {
      throw new Error(`no answer after ${RESOLVE_TIMEOUT_MS} ms`);
    });
    try {
      const given = Promise.resolve().then(() => resolver({ runId: run, signal: over.signal }));
      const env: unknown = await Promise.race([given, late]);
      checkEnvironment(env);
      this.#resolved = { run, atMs: this.#clock.now(), env };
    } catch (error) {
      if (error instanceof ContainerError) throw error;
      throw new ContainerError(
        "ENV_FAILED",
        `Cannot resolve the environment of run ${run}: resolveEnv failed: ${textOf(error)}`,
        { cause: error },
      );
    } finally {
      over.abort();
      late.catch(() => {}); // its time is over one way or the other
    }
  }

  /** Secrets may have been changed since, where nobody began the run that it was for. */
  #isStale({ atMs }: Resolved): boolean {
    return this.#clock.now() - atMs > RESOLVE_TIMEOUT_MS;
  }
}
