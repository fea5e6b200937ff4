/** What to do about the one alarm of an object. */
export type AlarmChange =
  | { readonly kind: "keep" }
  | { readonly kind: "set"; readonly atMs: number }
  | { readonly kind: "delete" };

/**
 * Compares the alarm that is set with the one that is needed. An alarm that comes too early is
 * kept: it costs one wake-up, and moving it at each request would cost a write each.
 */
export function alarmChange(
  armedAtMs: number | null,
  dueAtMs: number | undefined,
  nowMs: number,
): AlarmChange {
  if (dueAtMs === undefined) return armedAtMs === null ? { kind: "keep" } : { kind: "delete" };
  const isOverdue = armedAtMs !== null && armedAtMs < nowMs;
  if (armedAtMs === null || isOverdue || dueAtMs < armedAtMs) return { kind: "set", atMs: dueAtMs };
  return { kind: "keep" };
}
