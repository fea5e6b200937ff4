/**
 * How a request failed before its headers came: the app never got it; the connection broke, so
 * that nobody knows; or it took too long.
 */
export type RequestFailure = "unsent" | "cut" | "timeout";

/** A request that failed. */
export interface FailedRequest {
  readonly method: string;
  /** Whether there is anything left to send: a body that was offered once is gone, unless kept. */
  readonly isKept: boolean;
  readonly failure: RequestFailure;
}

/** Methods that may run twice (RFC 9110, section 9.2.2). */
const IDEMPOTENT: ReadonlySet<string> = new Set([
  "GET",
  "HEAD",
  "OPTIONS",
  "PUT",
  "DELETE",
  "TRACE",
]);

/**
 * Whether a request may be sent again: when the app never got it, or when it may run twice. One
 * that the app may have begun to work at is never repeated otherwise.
 */
export function mayReplay({ method, isKept, failure }: FailedRequest): boolean {
  return isKept && (failure === "unsent" || IDEMPOTENT.has(method));
}
