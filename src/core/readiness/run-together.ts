import { judge } from "./judge.ts";
import type { Probe, ReadinessCheck } from "./readiness-check.ts";

/**
 * Runs checks at the same time, until one of them decides for all: what is still open then is cut
 * off with the probe. One that hangs does not hold up the others' decision.
 *
 * @param decisive the verdict of a single one that decides; without it the verdict is the opposite
 */
export function runTogether(
  checks: readonly ReadinessCheck[],
  probe: Probe,
  decisive: "ready" | "not yet",
): Promise<boolean> {
  return new Promise((resolve, reject) => {
    let open = checks.length;
    const note = (isReady: boolean): void => {
      open -= 1;
      if (isReady === (decisive === "ready") || open === 0) resolve(isReady);
    };
    for (const check of checks) judge(check, probe).then(note, reject);
  });
}
