import { parseDuration, type Duration } from "../../core/duration.ts";
import { parseMoment } from "../../core/moment.ts";
import type { CronParser } from "../../core/schedule/cron-parser.ts";
import { nextSlotMs } from "../../core/schedule/next-slot.ts";
import {
  DEFAULT_RETRY,
  DEFAULT_TIMEOUT_MS,
  type MissedPolicy,
  type RetryPolicy,
  type Task,
  type TaskSpec,
} from "../../core/schedule/task.ts";
import { ContainerError } from "../../errors/container-error.ts";
import { shown } from "../../errors/shown.ts";

/** How a task is run. */
export interface ScheduleOptions {
  /** An id of its own: the same id again takes the place of the task that had it. */
  readonly id?: string;
  /** How a task that throws is tried again. */
  readonly retries?: {
    /** How often it is tried in all. Default: 10. */
    readonly attempts?: number;
    /** The first pause; doubled each time. Default: 2 s. */
    readonly base?: Duration;
    /** The longest pause. Default: 5 min. */
    readonly cap?: Duration;
  };
  /**
   * What to do about slots that passed while nobody could run them: `"once"` runs one for all of
   * them (default), `"skip"` none that is more than a minute late, `{ catchUp: n }` the last n.
   */
  readonly missed?: MissedPolicy;
  /** How long one try may take before it counts as failed. Default: 15 min. */
  readonly timeout?: Duration;
}

/** When a task is due, and how it is run. */
export type ScheduleSpec = ScheduleOptions &
  (
    | {
        /** Once: a date, or milliseconds since the epoch. */
        readonly at: Date | number;
      }
    | {
        /** Once, after a while. */
        readonly in: Duration;
      }
    | {
        /** Time and again, at a steady interval of one second or more. */
        readonly every: Duration;
        /** The first time. Default: one interval from now. */
        readonly from?: Date;
      }
    | {
        /** Time and again, by a cron expression: the class needs the field `cron`. */
        readonly cron: string;
        /** Its time zone. Default: UTC. */
        readonly timeZone?: string;
      }
  );

/** When a task is due: a date, a delay in seconds, or a {@link ScheduleSpec}. */
export type ScheduleTime = Date | number | ScheduleSpec;

/** What a task is made of. */
export interface NewTask {
  readonly when: ScheduleTime;
  readonly callback: string;
  readonly payload: unknown;
}

/**
 * Reads what a user wants done.
 *
 * @throws {ContainerError} `INVALID_ARGUMENT`, `INVALID_DURATION`, `INVALID_CONFIG`
 */
export function newTask(task: NewTask, nowMs: number, cron: CronParser | undefined): Task {
  const { callback, when } = task;
  const options: ScheduleOptions = typeof when === "number" || when instanceof Date ? {} : when;
  const { spec, slotMs } = timing(task, nowMs, cron);
  const { timeout } = options;
  return {
    id: options.id ?? crypto.randomUUID(),
    callback,
    payload: payloadText(task),
    spec,
    slotMs,
    dueAtMs: slotMs,
    attempts: 0,
    retry: retryOf(options.retries),
    missed: missedOf(options.missed),
    timeoutMs: timeout === undefined ? DEFAULT_TIMEOUT_MS : parseDuration(timeout, "timeout"),
  };
}

interface Timing {
  readonly spec: TaskSpec;
  readonly slotMs: number;
}

function timing(task: NewTask, nowMs: number, cron: CronParser | undefined): Timing {
  const { when } = task;
  if (typeof when === "number" || when instanceof Date) return plainTiming(task, nowMs);
  if (typeof when === "object" && when !== null) {
    if ("at" in when) {
      return {
        spec: { kind: "once" },
        slotMs: parseMoment(when.at, `the time of ${task.callback}`),
      };
    }
    if ("in" in when) {
      const delayMs = parseDuration(when.in, "in");
      return { spec: { kind: "once", delayMs }, slotMs: nowMs + delayMs };
    }
    if ("every" in when) return every(when, nowMs);
    if ("cron" in when) return byCron(task, when, { nowMs, cron });
  }
  throw badTime(task);
}

/** As @cloudflare/containers takes it: a date, or a delay in seconds. */
function plainTiming(task: NewTask, nowMs: number): Timing {
  const { when } = task;
  if (when instanceof Date) {
    const slotMs = when.getTime();
    if (!Number.isNaN(slotMs)) return { spec: { kind: "once" }, slotMs };
  } else if (typeof when === "number" && Number.isFinite(when) && when >= 0) {
    const delayMs = when * 1_000;
    const slotMs = parseMoment(nowMs + delayMs, `the time of ${task.callback}`);
    return { spec: { kind: "once", delayMs }, slotMs };
  }
  throw badTime(task);
}

function every(
  { every: interval, from }: { readonly every: Duration; readonly from?: Date },
  nowMs: number,
): Timing {
  const everyMs = parseDuration(interval, "every");
  if (everyMs < 1_000) {
    throw new ContainerError(
      "INVALID_ARGUMENT",
      `Cannot repeat every ${everyMs} ms: that would keep the object awake; use one second or more`,
    );
  }
  const fromMs = from === undefined ? nowMs + everyMs : parseMoment(from, "the first time");
  const spec = { kind: "every", everyMs, fromMs } as const;
  return { spec, slotMs: nextSlotMs(spec, nowMs, undefined) ?? fromMs };
}

function byCron(
  task: NewTask,
  { cron: expression, timeZone }: { readonly cron: string; readonly timeZone?: string },
  { nowMs, cron }: { readonly nowMs: number; readonly cron: CronParser | undefined },
): Timing {
  const spec = { kind: "cron", expression, ...(timeZone !== undefined && { timeZone }) } as const;
  const slotMs = nextSlotMs(spec, nowMs, cron);
  if (slotMs !== undefined) return { spec, slotMs };
  throw badTime(task);
}

function badTime({ callback, when }: NewTask): ContainerError {
  const found =
    when instanceof Date || typeof when !== "object" ? shown(when) : JSON.stringify(when);
  return new ContainerError(
    "INVALID_ARGUMENT",
    `Cannot schedule ${callback}: ${found} is not a time; use a Date, a delay of 0 or more seconds, { in: "10m" }, { at: date }, { every: "1h" } or { cron: "0 3 * * *" }`,
  );
}

function retryOf(retries: ScheduleOptions["retries"]): RetryPolicy {
  if (retries === undefined) return DEFAULT_RETRY;
  const { attempts = DEFAULT_RETRY.attempts, base, cap } = retries;
  if (!Number.isInteger(attempts) || attempts < 1) {
    throw new ContainerError(
      "INVALID_ARGUMENT",
      `Cannot use retries.attempts: ${shown(attempts)} is not a number of tries; use an integer of 1 or more`,
    );
  }
  return {
    attempts,
    baseMs: base === undefined ? DEFAULT_RETRY.baseMs : parseDuration(base, "retries.base"),
    capMs: cap === undefined ? DEFAULT_RETRY.capMs : parseDuration(cap, "retries.cap"),
  };
}

function missedOf(missed: MissedPolicy = "once"): MissedPolicy {
  if (missed === "once" || missed === "skip") return missed;
  const { catchUp } = Object(missed) as { readonly catchUp: number };
  if (Number.isInteger(catchUp) && catchUp >= 0 && catchUp <= 1_000) return { catchUp };
  throw new ContainerError(
    "INVALID_ARGUMENT",
    `Cannot use missed: ${JSON.stringify(missed)} is no policy; use "once", "skip" or { catchUp: n } with n up to 1000`,
  );
}

function payloadText({ callback, payload }: NewTask): string | null {
  try {
    return JSON.stringify(payload) ?? null;
  } catch (cause) {
    throw new ContainerError(
      "INVALID_ARGUMENT",
      `Cannot schedule ${callback}: its payload does not survive JSON; pass plain data`,
      { cause },
    );
  }
}
