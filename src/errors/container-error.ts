import { codeFacts, isCode, type ContainerErrorCode } from "./codes.ts";

/** What a {@link ContainerError} may carry beside its code and message. */
export interface ContainerErrorOptions {
  /** What it was made of. */
  readonly cause?: unknown;
  /** Facts for programs, for example `{ port: 8080 }`. Never shown to the public. */
  readonly details?: Readonly<Record<string, unknown>>;
  /** That trying again may help after so many milliseconds (default: by code). */
  readonly retryAfterMs?: number | undefined;
}

/**
 * Every error that this library throws.
 *
 * Only the message is sure to survive a call from Worker to Durable Object, so it starts with the
 * code: read it by {@link errorCode} or {@link isContainerError}, never by `instanceof` alone.
 *
 * @example
 * ```ts
 * try {
 *   await getContainer(env.APP, "a").startAndWaitForPorts();
 * } catch (error) {
 *   if (isContainerError(error, "MAX_INSTANCES")) return new Response("full", { status: 503 });
 *   throw error;
 * }
 * ```
 */
export class ContainerError extends Error {
  /** The stable name of what went wrong. */
  readonly code: ContainerErrorCode;
  /** Whether the same call may succeed later. */
  readonly retryable: boolean;
  /** The HTTP status that fits. */
  readonly status: number;
  /** How long to wait before trying again, in milliseconds. */
  readonly retryAfterMs: number | undefined;
  /** Facts for programs. */
  readonly details: Readonly<Record<string, unknown>>;

  /**
   * Makes an error whose message is `[code] text`.
   *
   * @param code one of the closed set
   * @param text the action, a colon, the value found, and what would do
   * @param options cause, details and what differs from the code's own facts
   */
  constructor(code: ContainerErrorCode, text: string, options: ContainerErrorOptions = {}) {
    super(`[${code}] ${text}`, options);
    const { status, retryAfterMs } = codeFacts(code);
    this.name = "ContainerError";
    this.code = code;
    this.status = status;
    this.retryAfterMs = options.retryAfterMs ?? retryAfterMs;
    this.retryable = this.retryAfterMs !== undefined;
    this.details = Object.freeze({ ...options.details });
  }
}

// The class name stands before the bracket where a runtime keeps it only as text.
const BRACKET = /^(?:(?:Container)?Error: )*\[([A-Z_]+)\] /;

/**
 * Reads the code of an error, also of one that crossed RPC and kept nothing but its message.
 *
 * @param error anything that was thrown
 * @returns the code, or undefined when the error is not of this library
 */
export function errorCode(error: unknown): ContainerErrorCode | undefined {
  const code = error instanceof Error ? (BRACKET.exec(error.message)?.[1] ?? "") : "";
  return isCode(code) ? code : undefined;
}

/**
 * Says whether `error` is one of this library, also after it crossed RPC.
 *
 * @param error anything that was thrown
 * @param code asks for this code only (default: any)
 */
export function isContainerError(error: unknown, code?: ContainerErrorCode): error is Error {
  const found = errorCode(error);
  return code === undefined ? found !== undefined : found === code;
}
