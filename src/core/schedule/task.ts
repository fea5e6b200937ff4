/** When a task is due: once, at a steady interval, or by a cron expression. */
export type TaskSpec =
  | { readonly kind: "once"; readonly delayMs?: number }
  | { readonly kind: "every"; readonly everyMs: number; readonly fromMs: number }
  | { readonly kind: "cron"; readonly expression: string; readonly timeZone?: string };

/** What to do about slots that passed while nobody could run them. */
export type MissedPolicy = "skip" | "once" | { readonly catchUp: number };

/** How a task that fails is tried again. */
export interface RetryPolicy {
  /** How often it is tried in all, 1 or more. */
  readonly attempts: number;
  /** The first pause, in milliseconds; doubled each time. */
  readonly baseMs: number;
  /** The longest pause, in milliseconds. */
  readonly capMs: number;
}

/** A task of the schedule, as it is written down. */
export interface Task {
  readonly id: string;
  /** Name of the method. */
  readonly callback: string;
  /** What the method is given, as JSON; `null` for nothing. */
  readonly payload: string | null;
  readonly spec: TaskSpec;
  /** The moment that it is scheduled for, in milliseconds since the epoch. */
  readonly slotMs: number;
  /** When it is to be looked at next: its slot, a retry, or the end of a lease. */
  readonly dueAtMs: number;
  /** How often its present slot was tried. */
  readonly attempts: number;
  readonly retry: RetryPolicy;
  readonly missed: MissedPolicy;
  /** How long one try may take, in milliseconds. */
  readonly timeoutMs: number;
}

/** What holds where a task says nothing. */
export const DEFAULT_RETRY: RetryPolicy = { attempts: 10, baseMs: 2_000, capMs: 300_000 };
export const DEFAULT_TIMEOUT_MS = 15 * 60_000;

/** A try that was cut short with its object is repeated after so long. */
export const LEASE_MS = 60_000;
