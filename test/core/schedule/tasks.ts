import type { CronParser } from "../../../src/core/schedule/cron-parser.ts";
import { DEFAULT_RETRY, type Task } from "../../../src/core/schedule/task.ts";

/** A task whose slot is 10 s after the epoch. */
export function taskOf(rest: Partial<Task>): Task {
  return {
    id: "a",
    callback: "work",
    payload: null,
    spec: { kind: "once" },
    slotMs: 10_000,
    dueAtMs: 10_000,
    attempts: 0,
    retry: DEFAULT_RETRY,
    missed: "once",
    timeoutMs: 900_000,
    ...rest,
  };
}

/** Reads `N` as "each whole N seconds", until a minute after the epoch. */
export const everySeconds: CronParser = (expression) => ({
  nextAfterMs(afterMs) {
    const stepMs = Number(expression) * 1_000;
    const nextMs = (Math.floor(afterMs / stepMs) + 1) * stepMs;
    return nextMs > 60_000 ? undefined : nextMs;
  },
});
