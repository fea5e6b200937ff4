import type { StopRecord } from "../lifecycle/phase.ts";

/** How a job ended: `exitCode` is null when nobody saw it. */
export interface JobResult extends StopRecord {
  /** The end of standard output, at most 8 KiB; `null` for a job that is the container's own command: the platform gives none of it. */
  readonly stdoutTail: string | null;
  /** The end of standard error, likewise. */
  readonly stderrTail: string | null;
  /** Whether it was ended because its time was over. */
  readonly timedOut: boolean;
  /** How often it was tried, this time included. */
  readonly attempts: number;
}

/** What is kept of a job that has an `idempotencyKey`. */
export type JobRecord =
  | {
      readonly kind: "running";
      /** The command, as text; that of the image is empty. */
      readonly command: string;
      readonly attempts: number;
      /** The run of the last try. */
      readonly runId: number;
      readonly startedAtMs: number;
      /** How that run ended, if the container's own command is the job. */
      readonly stop?: StopRecord;
    }
  | { readonly kind: "done"; readonly command: string; readonly result: JobResult };

/** The job as it goes on. */
export type RunningJob = Extract<JobRecord, { kind: "running" }>;

/** What to do for one who asks for a job: another has the key, it is done, it was begun, or none was. */
export type Recall =
  | { readonly kind: "conflict" | "new" }
  | { readonly kind: "done"; readonly result: JobResult }
  | { readonly kind: "begun"; readonly job: RunningJob };

/** Decides what a job's key stands for. Pure. */
export function recallJob(record: JobRecord | undefined, command: string): Recall {
  if (record === undefined) return { kind: "new" };
  if (record.command !== command) return { kind: "conflict" };
  return record.kind === "done"
    ? { kind: "done", result: record.result }
    : { kind: "begun", job: record };
}

/** The end of a try that nobody saw: its object ended first. */
export function lostAttempt(job: RunningJob, endedAtMs: number): JobResult {
  const { runId, startedAtMs, attempts } = job;
  const record = { runId, startedAtMs, endedAtMs, exitCode: null, cause: "unknown" } as const;
  return { ...record, stdoutTail: null, stderrTail: null, timedOut: false, attempts };
}

/** Whether a job is to be tried again. */
export function isRetried({ exitCode, attempts }: JobResult, retries: number): boolean {
  return exitCode !== 0 && attempts <= retries;
}
