import { probeGapMs } from "../core/probe-gap.ts";
import { classifyRuntimeError } from "../errors/from-runtime.ts";
import type { Clock } from "../ports/clock.ts";
import type { ContainerRuntime } from "../ports/container-runtime.ts";
import { sleep } from "./sleep.ts";

/** A probe that got no answer in this time has failed. */
const PROBE_TIMEOUT_MS = 5_000;

/** What to probe, and for how long. */
export interface ProbeTarget {
  readonly runtime: ContainerRuntime;
  readonly clock: Clock;
  readonly port: number;
  /** The URL asked for; its host is what the app sees as `Host`. */
  readonly url: string;
  /** What is answer enough: a closed port, too, shows that the container is up. */
  readonly proof: "answer" | "up";
  /** Ends the probing because nobody waits any more. */
  readonly abandoned: AbortSignal;
  /** Called when a probe first shows that the container is up. */
  readonly onUp: () => void;
}

/**
 * Probes densely at first and ever more sparsely.
 *
 * @returns whether there was a proof; else the runtime says that no container runs
 * @throws the reason of `abandoned` when that ends it
 */
export async function probePort(target: ProbeTarget): Promise<boolean> {
  const { clock, runtime, abandoned, proof } = target;
  const beganAtMs = clock.now();
  for (;;) {
    abandoned.throwIfAborted();
    const sign = await probeOnce(target);
    if (!runtime.running) return false;
    if (sign !== "none") target.onUp();
    if (sign === "answer" || sign === proof) return true;
    await sleep(clock, probeGapMs(clock.now() - beganAtMs), abandoned);
  }
}

/**
 * One probe. An app that answers 503 says itself that it is not ready; any other answer will do,
 * since many apps know no path but their own.
 */
async function probeOnce(target: ProbeTarget): Promise<"answer" | "up" | "none"> {
  const { runtime, clock, abandoned } = target;
  const timeout = new AbortController();
  const timer = clock.setTimeout(() => timeout.abort(), PROBE_TIMEOUT_MS);
  try {
    const signal = AbortSignal.any([abandoned, timeout.signal]);
    const response = await runtime.getTcpPort(target.port).fetch(target.url, { signal });
    await response.body?.cancel();
    return response.status === 503 ? "up" : "answer";
  } catch (error) {
    return classifyRuntimeError(error) === "NOT_LISTENING" ? "up" : "none";
  } finally {
    clock.clearTimeout(timer);
  }
}
