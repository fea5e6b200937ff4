import { parseChecks } from "./parse-checks.ts";
import type { ReadinessCheck } from "./readiness-check.ts";
import { runTogether } from "./run-together.ts";

/**
 * Makes a check that is passed when all of several are. They run at the same time; the first that
 * is not passed ends the attempt.
 *
 * @param checks one at least
 * @throws {ContainerError} `INVALID_CONFIG` when there are none, or one is no check
 * @example
 * ```ts
 * class App extends Container {
 *   override ready = all(http("/healthz", { status: 200 }), tcp(5432));
 * }
 * ```
 */
export function all(...checks: readonly ReadinessCheck[]): ReadinessCheck {
  const parsed = parseChecks(checks, "all");
  return (probe) => runTogether(parsed, probe, "not yet");
}
