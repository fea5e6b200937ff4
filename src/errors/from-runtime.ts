import { CODES, type ContainerErrorCode } from "./codes.ts";
import { ContainerError, errorCode } from "./container-error.ts";

// Production and local workerd word the same fault differently, and versions differ again, so each
// pattern is the part that all share. The first that matches wins: a capacity text, for example,
// may come wrapped in "Failed to start container: …". Samples: test/errors/corpus.ts.
const FAULTS = [
  ["overloaded", "OVERLOADED", /overloaded/],
  ["max-instances", "MAX_INSTANCES", /maximum number of running container|max_instances/],
  ["rate-limited", "RATE_LIMITED", /too many containers per second|rate.?limit/],
  ["no-instance", "NO_INSTANCE", /no container instance|container service is unreachable/],
  ["not-configured", "NO_CONTAINER", /no (container )?application|not.container.enabled/],
  ["image-preparing", "IMAGE_PREPARING", /image.*(prepar|provision|not (yet )?(ready|available))/],
  ["object-reset", "OBJECT_RESET", /(object|isolate|script)\b.*\b(reset|updated|upgraded)/],
  ["exited", "EXITED", /container (exited|crashed)|signalled the container|out of memory/],
  ["already-running", "START_CONFLICT", /already (running|started|exists)/],
  [
    "not-listening",
    "NOT_LISTENING",
    /not listening|port not found|connection refused|econnrefused|container port through/,
  ],
  ["not-running", "NOT_RUNNING", /not running|running container|failed to find container/],
  [
    "connection-lost",
    "CONNECTION_LOST",
    /connection (was |has been )?(lost|reset|closed|read aborted)|disconnected|econnreset|broken pipe/,
  ],
  [
    "start-failed",
    "START_FAILED",
    /failed to start|did not start|no such image|imagepull|sidecar|(create|starting) container/,
  ],
  ["aborted", "ABORTED", /\babort/],
  ["transient", "UNAVAILABLE", /\btransient\b/],
  ["unknown", "RUNTIME_ERROR", /^/],
] as const satisfies readonly (readonly [string, ContainerErrorCode, RegExp])[];

/** What a runtime means by an error, whichever words it used. */
export type RuntimeFaultKind = (typeof FAULTS)[number][0];

/** An error of the runtime, understood. */
export interface RuntimeFault {
  readonly kind: RuntimeFaultKind;
  /** The code of the {@link ContainerError} that it makes. */
  readonly code: ContainerErrorCode;
  /** Whether trying again may help: the runtime's flag or, where it has none, the code's. */
  readonly retryable: boolean;
  /** The runtime's text: for logs, never for the public. */
  readonly text: string;
}

/**
 * Says what an error of `ctx.container` or of a Durable Object stub means. Pure.
 *
 * The runtime's flags (`overloaded`, `retryable`) win over its words.
 *
 * @param error anything that was thrown
 */
export function classifyRuntimeError(error: unknown): RuntimeFault {
  const flag = read(error, "retryable");
  const kind = kindOf(error, flag === true ? "transient" : "unknown");
  const code = FAULTS.find(([name]) => name === kind)?.[1] ?? "RUNTIME_ERROR";
  // More requests are what an overloaded object can bear least, whatever its flags say.
  const retryable = kind !== "overloaded" && (flag === true || CODES[code].retryable);
  return { kind, code, retryable, text: textOf(error) };
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
  if (ours)
    return new ContainerError(ours, text.slice(text.indexOf("] ") + 2), {
      cause: error,
    });
  const { code } = classifyRuntimeError(error);
  return new ContainerError(code, `Cannot ${action}: ${text}`, {
    cause: error,
  });
}

/** Reads one property of anything that was thrown. */
export function read(error: unknown, name: string): unknown {
  return typeof error === "object" && error !== null ? Reflect.get(error, name) : undefined;
}

// Wrappers nest a few levels at most; the bound is for errors that are their own cause.
function kindOf(error: unknown, otherwise: RuntimeFaultKind, depth = 8): RuntimeFaultKind {
  if (read(error, "overloaded") === true) return "overloaded";
  if (/^(Abort|Timeout)Error$/.test(String(read(error, "name")))) return "aborted";
  const text = textOf(error).toLowerCase();
  const kind = FAULTS.find(([, , pattern]) => pattern.test(text))?.[0] ?? "unknown";
  if (kind !== "unknown") return kind;
  const cause = read(error, "cause");
  return cause && depth > 0 ? kindOf(cause, otherwise, depth - 1) : otherwise;
}

function textOf(error: unknown): string {
  const message = read(error, "message");
  if (typeof message === "string") return message;
  return typeof error === "string" ? error : "not an error";
}
