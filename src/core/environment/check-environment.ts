import { ContainerError } from "../../errors/container-error.ts";

/** Environment of a container, by name. */
export type Environment = Readonly<Record<string, string>>;

// As POSIX has it, and with the dots and dashes that some frameworks use.
const NAME = /^[A-Za-z_][A-Za-z0-9_.-]*$/;

/** What Linux lets one variable have, its name, `=` and the ending NUL included. */
const MAX_VARIABLE_BYTES = 128 * 1_024;

/** Half of what Linux lets a program have of arguments and environment at its usual stack limit. */
const MAX_TOTAL_BYTES = 1_024 * 1_024;

/**
 * Checks that a program can be started with an environment. The error names the variable, and
 * never its value.
 *
 * @throws {ContainerError} `INVALID_ENV` for a name or a value that cannot be passed: names are
 * letters, digits, `_`, `.` and `-`, not beginning with a digit; values are text without NUL; one
 * variable has at most 128 KiB, all together 1 MiB
 */
export function checkEnvironment(env: unknown): asserts env is Environment {
  if (typeof env !== "object" || env === null || Array.isArray(env)) {
    throw invalid(undefined, "it is not an object of texts by name");
  }
  let totalBytes = 0;
  for (const [name, value] of Object.entries(env as Record<string, unknown>)) {
    totalBytes += sizeOf(name, value);
  }
  if (totalBytes <= MAX_TOTAL_BYTES) return;
  throw invalid(undefined, `it has ${totalBytes} bytes; at most ${MAX_TOTAL_BYTES} are passed`);
}

function sizeOf(name: string, value: unknown): number {
  if (!NAME.test(name)) {
    throw invalid(name, "not a name; use letters, digits, _, . and -, beginning with no digit");
  }
  if (typeof value !== "string") throw invalid(name, `its value is no text but ${typeof value}`);
  if (value.includes("\0")) throw invalid(name, "its value has a NUL, which ends a text on Linux");
  const sizeBytes = name.length + byteLength(value) + 2;
  if (sizeBytes <= MAX_VARIABLE_BYTES) return sizeBytes;
  throw invalid(name, `it has ${sizeBytes} bytes; at most ${MAX_VARIABLE_BYTES} are passed`);
}

function byteLength(text: string): number {
  return new TextEncoder().encode(text).length;
}

function invalid(name: string | undefined, reason: string): ContainerError {
  const what = name === undefined ? "the environment" : `the variable ${JSON.stringify(name)}`;
  return new ContainerError("INVALID_ENV", `Cannot pass ${what}: ${reason}`, {
    details: name === undefined ? {} : { name },
  });
}
