import type { Environment } from "./check-environment.ts";

/** Shorter values say nothing by themselves, and would stand in every other text. */
const MIN_SECRET_LENGTH = 4;

/** A text with the names of variables in place of their values, for logs and errors. */
export function redact(text: string, env: Environment): string {
  let shown = text;
  for (const [name, value] of longestFirst(env)) {
    for (const written of [value, JSON.stringify(value).slice(1, -1)]) {
      shown = shown.replaceAll(written, `<${name}>`);
    }
  }
  return shown;
}

/**
 * An error whose words show no value of `env`; the same one, since others may compare it, but where
 * it cannot be changed.
 */
export function redactError(error: unknown, env: Environment): unknown {
  if (!(error instanceof Error)) return typeof error === "string" ? redact(error, env) : error;
  const message = redact(error.message, env);
  if (message === error.message) return error;
  const stack = error.stack === undefined ? undefined : redact(error.stack, env);
  const shown = Object.isFrozen(error) ? Object.assign(new Error(), { name: error.name }) : error;
  write(shown, "message", message);
  if (stack !== undefined) write(shown, "stack", stack);
  return shown;
}

/** Some errors have their message from a getter, which takes no assignment. */
function write(error: Error, name: "message" | "stack", value: string): void {
  Object.defineProperty(error, name, { value, configurable: true, writable: true });
}

/** One value may be part of another. */
function longestFirst(env: Environment): readonly (readonly [string, string])[] {
  return Object.entries(env)
    .filter(([, value]) => value.length >= MIN_SECRET_LENGTH)
    .toSorted(([, a], [, b]) => b.length - a.length);
}
