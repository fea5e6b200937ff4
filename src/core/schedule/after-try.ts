import { backoffMs } from "../backoff.ts";
import type { CronParser } from "./cron-parser.ts";
import { nextSlotMs } from "./next-slot.ts";
import { LEASE_MS, type Task } from "./task.ts";

/** What becomes of a task: it is written anew, or removed; and its last slot may have failed. */
export interface Outcome {
  readonly task: Task | undefined;
  /** The task as it was, where its slot is given up for good. */
  readonly dead?: Task;
}

/** How late a slot may be run that its task would rather skip than run late. */
const SKIP_AFTER_MS = 60_000;

/** Begins a try: it is counted before it is made, so that one that ends the object is bounded. */
export function claim(task: Task, nowMs: number): Task {
  return { ...task, attempts: task.attempts + 1, dueAtMs: nowMs + LEASE_MS };
}

/** Whether the tries of a slot are used up, those that ended with the object included. */
export function isUsedUp({ attempts, retry }: Task): boolean {
  return attempts >= retry.attempts;
}

/** Whether a slot is too late to be run at all. */
export function isSkipped(task: Task, nowMs: number): boolean {
  const isRecurring = task.spec.kind !== "once";
  return (
    isRecurring &&
    task.missed === "skip" &&
    task.attempts === 0 &&
    nowMs - task.slotMs > SKIP_AFTER_MS
  );
}

/** After a slot that is done, or skipped: the next is reckoned from the slot and not from now. */
export function afterSlot(task: Task, nowMs: number, cron: CronParser | undefined): Outcome {
  const slotMs = nextSlot(task, nowMs, cron);
  if (slotMs === undefined) return { task: undefined };
  return { task: { ...task, slotMs, dueAtMs: slotMs, attempts: 0 } };
}

/** After a try that failed: another one later, or none any more. */
export function afterFailure(task: Task, nowMs: number, cron: CronParser | undefined): Outcome {
  if (isUsedUp(task)) return { ...afterSlot(task, nowMs, cron), dead: task };
  const { baseMs, capMs } = task.retry;
  return { task: { ...task, dueAtMs: nowMs + backoffMs(task.attempts, baseMs, capMs) } };
}

/** One slot stands for all that were missed, or a few are caught up one by one. */
function nextSlot(task: Task, nowMs: number, cron: CronParser | undefined): number | undefined {
  const { spec, slotMs, missed } = task;
  const next = nextSlotMs(spec, slotMs, cron);
  if (next === undefined || next > nowMs) return next;
  if (typeof missed === "string") return nextSlotMs(spec, nowMs, cron);
  return lastSlots(task, nowMs, { cron, count: missed.catchUp });
}

/** The first of the last so many slots that were missed; the next to come where none are wanted. */
function lastSlots(
  { spec, slotMs }: Task,
  nowMs: number,
  { cron, count }: { readonly cron: CronParser | undefined; readonly count: number },
): number | undefined {
  if (count === 0) return nextSlotMs(spec, nowMs, cron);
  if (spec.kind === "every") {
    const lastMs = (nextSlotMs(spec, nowMs, cron) ?? nowMs) - spec.everyMs;
    return Math.max(slotMs + spec.everyMs, lastMs - (count - 1) * spec.everyMs);
  }
  const slots: number[] = [];
  let next = nextSlotMs(spec, slotMs, cron);
  while (next !== undefined && next <= nowMs) {
    slots.push(next);
    if (slots.length > count) slots.shift();
    next = nextSlotMs(spec, next, cron);
  }
  return slots[0];
}
