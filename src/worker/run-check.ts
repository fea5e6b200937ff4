import { judge } from "../core/readiness/judge.ts";
import type { ReadinessCheck } from "../core/readiness/readiness-check.ts";
import { ContainerProbe, type ProbeAim } from "./container-probe.ts";

/** What a check showed: the app is ready; the container is up, the app not ready; nothing. */
export type Sign = "ready" | "up" | "none";

/** What to check, and for how long. */
export interface CheckAim extends ProbeAim {
  /** How long one check may take, in milliseconds. */
  readonly probeTimeoutMs: number;
  /** Ends the check because nobody waits any more. */
  readonly abandoned: AbortSignal;
}

/**
 * Runs a check once. Whatever it does, it is over after its time; nothing of it stays open.
 *
 * @throws {ContainerError} what the check threw as its last word
 */
export async function runCheck(check: ReadinessCheck, aim: CheckAim): Promise<Sign> {
  const { clock, abandoned } = aim;
  const probe = new ContainerProbe(aim);
  const cut = Promise.withResolvers<false>();
  const stop = (): void => {
    cut.resolve(false);
    probe.end();
  };
  const timer = clock.setTimeout(stop, aim.probeTimeoutMs);
  abandoned.addEventListener("abort", stop);
  if (abandoned.aborted) stop();
  try {
    const isReady = await Promise.race([cut.promise, judge(check, probe)]);
    if (isReady) return "ready";
    return probe.isUp ? "up" : "none";
  } finally {
    clock.clearTimeout(timer);
    abandoned.removeEventListener("abort", stop);
    probe.end();
  }
}
