import { toContainerError } from "./from-runtime.ts";

/** The header that tells our answer from the app's; its value is the code. */
const ERROR_HEADER = "x-berth-error";

/**
 * Answers with an error: its code and what a client may do, and nothing of the inside (no
 * address, port, stack or text of the runtime).
 *
 * @param error anything that was thrown
 * @param requestId shown to the client, to find the request in the logs
 * @returns JSON `{ error: { code, message, retryable, requestId? } }` with the header
 * `x-berth-error`, and with `Retry-After` in whole seconds where trying again may help
 */
export function toResponse(error: unknown, requestId?: string): Response {
  const { code, status, retryable, retryAfterMs } = toContainerError(error, "answer");
  const message = publicText(status, retryable);
  const headers = new Headers({ [ERROR_HEADER]: code, "cache-control": "no-store" });
  if (retryAfterMs !== undefined) {
    headers.set("retry-after", String(Math.max(1, Math.ceil(retryAfterMs / 1_000))));
  }
  return Response.json({ error: { code, message, retryable, requestId } }, { status, headers });
}

function publicText(status: number, isRetryable: boolean): string {
  if (isRetryable) return "Temporarily unavailable, try again later";
  return status < 500 ? "The request cannot be served as it is" : "Internal error";
}
