/** What a session id must look like. */
export interface SessionRules {
  /** The longest that is allowed, in characters. */
  readonly maxLength: number;
  /** What the whole id must match. */
  readonly pattern: RegExp;
}

/** Letters, digits and `_ . : @ -`: safe in names, logs, cookies and URLs. */
export const DEFAULT_RULES: SessionRules = { maxLength: 128, pattern: /^[\w.:@-]+$/ };

/** A session id, or why a value is none. The value itself is not repeated: it is a client's. */
export type CheckedSession =
  { readonly ok: true; readonly id: string } | { readonly ok: false; readonly reason: string };

/**
 * Checks what a request gave as its session. A JSON number that is a safe integer counts as its
 * digits.
 */
export function checkSession(value: unknown, { maxLength, pattern }: SessionRules): CheckedSession {
  const id = Number.isSafeInteger(value) ? String(value) : value;
  if (typeof id !== "string") return { ok: false, reason: "is no text" };
  if (id.length > maxLength) {
    return { ok: false, reason: `has ${id.length} characters; at most ${maxLength} are allowed` };
  }
  pattern.lastIndex = 0; // a pattern with the flag g or y would remember the last request
  if (pattern.test(id)) return { ok: true, id };
  return { ok: false, reason: `does not match ${String(pattern)}` };
}
