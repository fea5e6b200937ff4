import { ContainerError } from "../../errors/container-error.ts";
import { parseCheck } from "./parse-check.ts";
import type { ReadinessCheck } from "./readiness-check.ts";

/**
 * Reads the checks of `any()` or `all()`.
 *
 * @throws {ContainerError} `INVALID_CONFIG` when there are none, or one is no check
 */
export function parseChecks(values: readonly unknown[], name: string): readonly ReadinessCheck[] {
  if (values.length > 0) {
    return values.map((value, index) => parseCheck(value, `check ${index + 1} of ${name}()`));
  }
  throw new ContainerError(
    "INVALID_CONFIG",
    `Cannot use ${name}(): there are no checks in it; give it one at least`,
  );
}
