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
  /** Whether a closed port is answer enough: it shows that the container is up. */
  readonly proof: "answer" | "container";
  /** Ends the probing because nobody waits any more. */
  readonly abandoned: AbortSignal;
  /** Called when a probe first shows that the container is up. */
  readonly onUp: () => void;
}

/** How probing ended. `gone`: the runtime says that no container runs. */
export type ProbeOutcome = "proven" | "gone" | "abandoned";

/** Probes densely at first and ever more sparsely, until there is an outcome. */
export async function probePort(target: ProbeTarget): Promise<ProbeOutcome> {
  const { clock, runtime, abandoned } = target;
  const beganAtMs = clock.now();
  for (;;) {
    if (abandoned.aborted) return "abandoned";
    const sign = await probeOnce(target);
    if (!runtime.running) return "gone";
    if (sign !== "nothing") target.onUp();
    if (sign === "answer" || (sign === "closed" && target.proof === "container")) return "proven";
    await sleep(clock, probeGapMs(clock.now() - beganAtMs), abandoned);
  }
}

/**
 * One probe. An app that answers 503 says itself that it is not ready; any other answer will do,
 * since many apps know no path but their own.
 */
async function probeOnce(target: ProbeTarget): Promise<"answer" | "busy" | "closed" | "nothing"> {
  const { runtime, clock, abandoned } = target;
  const timeout = new AbortController();
  const timer = clock.setTimeout(() => timeout.abort(), PROBE_TIMEOUT_MS);
  try {
    const signal = AbortSignal.any([abandoned, timeout.signal]);
    const response = await runtime.getTcpPort(target.port).fetch(target.url, { signal });
    await response.body?.cancel();
    return response.status === 503 ? "busy" : "answer";
  } catch (error) {
    return classifyRuntimeError(error) === "NOT_LISTENING" ? "closed" : "nothing";
  } finally {
    clock.clearTimeout(timer);
  }
}
