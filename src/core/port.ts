import { ContainerError } from "../errors/container-error.ts";
import { shown } from "../errors/shown.ts";

/**
 * Reads a TCP port.
 *
 * @param value an integer from 1 to 65535, or its decimal digits (as a variable of the environment has them)
 * @param field what it is for, as the error names it
 * @throws {ContainerError} `INVALID_PORT` when it is not one
 */
export function parsePort(value: unknown, field: string): number {
  const port = typeof value === "string" && /^\d{1,5}$/.test(value) ? Number(value) : value;
  if (typeof port === "number" && Number.isInteger(port) && port >= 1 && port <= 65_535) {
    return port;
  }
  throw new ContainerError(
    "INVALID_PORT",
    `Cannot use ${field}: ${shown(value)} is not a port; use an integer from 1 to 65535`,
    { details: { field } },
  );
}
