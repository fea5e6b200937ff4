import { probeGapMs } from "../core/probe-gap.ts";
import type { ReadinessCheck } from "../core/readiness/readiness-check.ts";
import { runCheck, type CheckAim } from "./run-check.ts";
import { sleep } from "./sleep.ts";

/**
 * What came of probing: the app passed; the runtime says that no container runs; or the app did
 * not pass until it had to: it is closed or says so itself, or it takes requests and is silent.
 */
export type ProbeOutcome = "answered" | "gone" | "closed" | "hung";

/** What to probe, and for how long. */
export interface ProbeTarget extends CheckAim {
  /** What the app has to pass. Default: any answer to `url` that says nothing against it. */
  readonly check?: ReadinessCheck | undefined;
  /** What is answer enough: a closed port, too, shows that the container is up. */
  readonly proof: "answer" | "up";
  /** When to give up, in milliseconds since the epoch, read at each probe; `Infinity` for never. */
  readonly untilMs: number;
  /** Called when a probe first shows that the container is up. */
  readonly onUp: () => void;
}

/** What proxies and apps say while there is nobody to answer yet. */
const NOT_YET: ReadonlySet<number> = new Set([502, 503, 504]);

/**
 * Probes densely at first and ever more sparsely.
 *
 * @throws {ContainerError} what the check threw as its last word
 * @throws the reason of `abandoned` when that ends it
 */
export async function probePort(target: ProbeTarget): Promise<ProbeOutcome> {
  const { clock, runtime, abandoned, proof } = target;
  const check = target.check ?? anyAnswer(target.url);
  const beganAtMs = clock.now();
  for (;;) {
    abandoned.throwIfAborted();
    const sign = await runCheck(check, target);
    if (!runtime.running) return "gone";
    if (sign !== "none") target.onUp();
    if (sign === "ready" || sign === proof) return "answered";
    if (clock.now() >= target.untilMs) return sign === "none" ? "hung" : "closed";
    await sleep(clock, probeGapMs(clock.now() - beganAtMs), abandoned);
  }
}

/** Many apps know no path but their own, so also a 404 or a 500 shows that they are there. */
export function anyAnswer(url: string): ReadinessCheck {
  return async (probe) => !NOT_YET.has((await probe.fetch(url)).status);
}
