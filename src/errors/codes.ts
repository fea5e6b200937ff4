/** What a code means for HTTP and for a caller that thinks of trying again. */
export interface CodeFacts {
  /** The HTTP status of the answer that is made of it. */
  readonly status: number;
  /** How long to wait before the same call may succeed, in milliseconds; absent when it cannot. */
  readonly retryAfterMs?: number;
}

const misuse = { status: 500 };
const soon = { status: 503, retryAfterMs: 1_000 };
const capacity = { status: 503, retryAfterMs: 10_000 };

/** Every code of a {@link ContainerError}. Closed: a code is never renamed and never reused. */
export const CODES = {
  /** `ctx.container` is missing: the class is not in `containers` of the Wrangler configuration. */
  NO_CONTAINER: misuse,
  /** The Durable Object binding is missing from `env`. */
  NO_BINDING: misuse,
  /** Neither `defaultPort` nor the call names a port. */
  NO_PORT: misuse,
  /** Not an integer from 1 to 65535. */
  INVALID_PORT: misuse,
  /** Not a duration such as `"10m"` or a number of seconds. */
  INVALID_DURATION: misuse,
  /** A setting of the class that cannot work. */
  INVALID_CONFIG: misuse,
  /** An argument of a call that cannot work. */
  INVALID_ARGUMENT: misuse,
  /** Not an instance type, or a size that Cloudflare does not give. */
  INVALID_INSTANCE: misuse,
  /** Neither a key of `ctx.container.images` nor a reference with a tag or a digest. */
  UNKNOWN_IMAGE: misuse,
  /** The setting needs `"scheduling_policy": "durable_object"`. */
  POLICY_REQUIRED: misuse,
  /** A snapshot could not be taken, or the platform did not start from it. */
  SNAPSHOT_FAILED: soon,
  /** The snapshot has expired, or is of another image than is wanted. */
  SNAPSHOT_UNUSABLE: { status: 409 },
  /** The request names no session, or not one that is allowed. */
  INVALID_SESSION: { status: 400 },
  /** The request asks for a port that this container does not offer. */
  PORT_NOT_ALLOWED: { status: 403 },
  /** `start()` with other options than those of the run that is going on. */
  START_CONFLICT: { status: 409 },
  /** The platform has no instance to give at this moment. */
  NO_INSTANCE: { status: 503, retryAfterMs: 5_000 },
  /** All of `max_instances` are running. */
  MAX_INSTANCES: capacity,
  /** Containers are started too fast. */
  RATE_LIMITED: { status: 429, retryAfterMs: 1_000 },
  /** The image is still on its way to where the container is to run. */
  IMAGE_PREPARING: capacity,
  /** The container could not be started: its image or its entrypoint fails. */
  START_FAILED: soon,
  /** The runtime did not take the egress rules, so that the container was not started. */
  EGRESS_FAILED: soon,
  /** `resolveEnv` failed, or took too long. */
  ENV_FAILED: soon,
  /** A variable of the environment that cannot be passed to a container. */
  INVALID_ENV: misuse,
  /** No instance within the time allowed. */
  START_TIMEOUT: soon,
  /** A port stayed closed for the time allowed. The container goes on booting. */
  PORT_TIMEOUT: soon,
  /** The app does not listen to its port any more. */
  NOT_LISTENING: soon,
  /** The container is not running, and the call does not start it. */
  NOT_RUNNING: soon,
  /** The program to be run is not in the image. */
  PROGRAM_NOT_FOUND: misuse,
  /** The runtime lacks what the call needs. */
  NOT_SUPPORTED: misuse,
  /** The container ended before it answered. */
  EXITED: soon,
  /** The connection broke, so whether the app did its work is unknown: repeat only what may run twice. */
  CONNECTION_LOST: { status: 502, retryAfterMs: 1_000 },
  /** The app took longer to answer than `requestTimeout` allows. */
  REQUEST_TIMEOUT: { status: 504, retryAfterMs: 1_000 },
  /** The app was not ready within `startup.bootTimeout`; its container is replaced. */
  BOOT_TIMEOUT: soon,
  /** The container crashed and is started again after a pause. */
  RESTARTING: soon,
  /** The container crashed too often; it is tried again once a minute at most. */
  CRASH_LOOP: { status: 503, retryAfterMs: 60_000 },
  /** The day's `budget` is spent. */
  BUDGET_SPENT: { status: 503, retryAfterMs: 3_600_000 },
  /** As many runs began within the hour as `maxRunsPerHour` allows. */
  RUN_LIMIT: { status: 503, retryAfterMs: 60_000 },
  /** A hook of the class kept throwing. */
  HOOK_FAILED: misuse,
  /** Code under simulation awaits something that is not simulated. */
  NONDETERMINISTIC_IO: misuse,
  /** The caller left. */
  ABORTED: { status: 499 },
  /** The Durable Object was reset by a deploy, by its memory limit or by its storage. */
  OBJECT_RESET: soon,
  /** The Durable Object has too many requests waiting; more of them make it worse. */
  OVERLOADED: capacity,
  /** The runtime calls its error transient and says no more. */
  UNAVAILABLE: soon,
  /** An error of the runtime that is not known here. */
  RUNTIME_ERROR: misuse,
} as const satisfies Record<string, CodeFacts>;

/** A stable name for what went wrong. */
export type ContainerErrorCode = keyof typeof CODES;

/** The platform has nothing to run a container on for now. */
export const CAPACITY_CODES: readonly ContainerErrorCode[] = [
  "NO_INSTANCE",
  "MAX_INSTANCES",
  "RATE_LIMITED",
  "IMAGE_PREPARING",
];

/** Says whether `text` is one of our codes. */
export function isCode(text: string): text is ContainerErrorCode {
  return Object.hasOwn(CODES, text);
}

/** Returns what `code` means: the table's entry, without the literal types that no caller needs. */
export function codeFacts(code: ContainerErrorCode): CodeFacts {
  return CODES[code];
}
