import { parseChecks } from "./parse-checks.ts";
import type { ReadinessCheck } from "./readiness-check.ts";
import { runTogether } from "./run-together.ts";

/**
 * Makes a check that is passed as soon as one of several is. They run at the same time.
 *
 * @param checks one at least
 * @throws {ContainerError} `INVALID_CONFIG` when there are none, or one is no check
 * @example
 * ```ts
 * class App extends Container {
 *   override ready = any(http("/healthz"), http("/", { port: 9090, status: 404 }));
 * }
 * ```
 */
export function any(...checks: readonly ReadinessCheck[]): ReadinessCheck {
  const parsed = parseChecks(checks, "any");
  return (probe) => runTogether(parsed, probe, "ready");
}
