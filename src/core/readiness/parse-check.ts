import { ContainerError } from "../../errors/container-error.ts";
import { shown } from "../../errors/shown.ts";
import type { ReadinessCheck } from "./readiness-check.ts";

/**
 * Reads a readiness check.
 *
 * @param value a function, as `http()` and its like return it
 * @param field what it is for, as the error names it
 * @throws {ContainerError} `INVALID_CONFIG` when it is none
 */
export function parseCheck(value: unknown, field: string): ReadinessCheck {
  if (typeof value === "function") return value as ReadinessCheck; // no more can be told of a function
  throw new ContainerError(
    "INVALID_CONFIG",
    `Cannot use ${field}: ${shown(value)} is not a readiness check; use http("/path"), tcp(), exec([…]), any(…), all(…) or a function`,
    { details: { field } },
  );
}
