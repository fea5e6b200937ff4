import { probeGapMs } from "../core/probe-gap.ts";
import { classifyRuntimeError } from "../errors/from-runtime.ts";
import type { Clock } from "../ports/clock.ts";
import type { ContainerRuntime } from "../ports/container-runtime.ts";
import { sleep } from "./sleep.ts";

/**
 * What came of probing: there was an answer; the runtime says that no container runs; or an app
 * that was ready gave none until it had to: its port is closed, or it takes requests and is silent.
 */
export type ProbeOutcome = "answered" | "gone" | "closed" | "hung";

/** What to probe, and for how long. */
export interface ProbeTarget {
  readonly runtime: ContainerRuntime;
  readonly clock: Clock;
  readonly port: number;
  /** The URL asked for; its host is what the app sees as `Host`. */
  readonly url: string;
  /** What is answer enough: a closed port, too, shows that the container is up. */
  readonly proof: "answer" | "up";
  /** A single probe that got no answer in this time has failed, in milliseconds. */
  readonly probeTimeoutMs: number;
  /** When to give up on an app that was ready before; `Infinity` for one that boots. */
  readonly untilMs: number;
  /** Ends the probing because nobody waits any more. */
  readonly abandoned: AbortSignal;
  /** Called when a probe first shows that the container is up. */
  readonly onUp: () => void;
}

/**
 * Probes densely at first and ever more sparsely.
 *
 * @throws the reason of `abandoned` when that ends it
 */
export async function probePort(target: ProbeTarget): Promise<ProbeOutcome> {
  const { clock, runtime, abandoned, proof, untilMs } = target;
  const beganAtMs = clock.now();
  for (;;) {
    abandoned.throwIfAborted();
    const sign = await probeOnce(target);
    if (!runtime.running) return "gone";
    if (sign !== "none") target.onUp();
    if (sign === "answer" || sign === proof) return "answered";
    if (clock.now() >= untilMs) return sign === "none" ? "hung" : "closed";
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
  const timer = clock.setTimeout(() => timeout.abort(), target.probeTimeoutMs);
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
