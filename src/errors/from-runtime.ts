import type { ContainerErrorCode } from "./codes.ts";
import { ContainerError, errorCode } from "./container-error.ts";

// Production and local workerd word the same fault differently, and versions differ again, so each
// pattern is the part that all share. The first that matches wins: a capacity text, for example,
// may come wrapped in "Failed to start container: …". Samples: test/errors/corpus.ts.
const FAULTS: readonly (readonly [ContainerErrorCode, RegExp])[] = [
  ["OVERLOADED", /overloaded/],
  ["MAX_INSTANCES", /maximum number of running container|max_instances/],
  ["RATE_LIMITED", /too many containers per second|rate.?limit/],
  ["NO_INSTANCE", /no container instance|container service is unreachable/],
  ["NO_CONTAINER", /no (container )?application|not.container.enabled/],
  ["IMAGE_PREPARING", /image.*(prepar|provision|not (yet )?(ready|available))/],
  ["OBJECT_RESET", /(object|isolate|script)\b.*\b(reset|updated|upgraded)/],
  ["EXITED", /container (exited|crashed)|signalled the container|out of memory/],
  ["START_CONFLICT", /already (running|started|exists)/],
  ["NOT_LISTENING", /not listening|port not found|conn(ection |)refused|container port through/],
  ["NOT_RUNNING", /not running|running container|failed to find container/],
  [
    "CONNECTION_LOST",
    /connection (was |has been )?(lost|reset|closed|read aborted)|disconnected|connreset|broken pipe/,
  ],
  [
    "START_FAILED",
    /failed to start|did not start|no such image|imagepull|sidecar|(create|starting) container/,
  ],
  ["ABORTED", /\babort/],
  ["UNAVAILABLE", /\btransient\b/],
];

/** Wrappers nest a few levels at most; the bound is for errors that are their own cause. */
const MAX_DEPTH = 8;

/**
 * Says what an error of `ctx.container` or of a Durable Object stub means, whichever words the
 * runtime used. Its flag `overloaded` wins over its words; `retryable` counts where they say
 * nothing. Pure.
 *
 * @param error anything that was thrown
 */
export function classifyRuntimeError(error: unknown): ContainerErrorCode {
  let layer = error;
  for (let depth = 0; layer && depth <= MAX_DEPTH; depth += 1) {
    if (read(layer, "overloaded") === true) return "OVERLOADED";
    const name = read(layer, "name");
    if (name === "AbortError" || name === "TimeoutError") return "ABORTED";
    const text = textOf(layer).toLowerCase();
    const fault = FAULTS.find(([, pattern]) => pattern.test(text));
    if (fault) return fault[0];
    layer = read(layer, "cause");
  }
  return read(error, "retryable") === true ? "UNAVAILABLE" : "RUNTIME_ERROR";
}

/**
 * Makes a {@link ContainerError} of an error of the runtime; one of this library stays as it is,
 * and one that crossed RPC gets its code back.
 *
 * @param error anything that was thrown
 * @param action what failed, as the message tells it, for example `"proxy to port 8080"`
 */
export function toContainerError(error: unknown, action: string): ContainerError {
  if (error instanceof ContainerError) return error;
  const ours = errorCode(error);
  const text = textOf(error);
  return new ContainerError(
    ours ?? classifyRuntimeError(error),
    ours ? text.slice(text.indexOf("] ") + 2) : `Cannot ${action}: ${text}`,
    { cause: error },
  );
}

/** Reads one property of anything, for example of what was thrown. */
export function read(value: unknown, name: string): unknown {
  return typeof value === "object" && value !== null ? Reflect.get(value, name) : undefined;
}

/** The words of anything that was thrown: for logs, never for the public. */
export function textOf(error: unknown): string {
  const message = read(error, "message");
  if (typeof message === "string") return message;
  return typeof error === "string" ? error : "not an error";
}
