import { describe, expect, it } from "vitest";
import {
  isRetried,
  lostAttempt,
  recallJob,
  type JobResult,
  type RunningJob,
} from "../../../src/core/jobs/job.ts";

const RUNNING: RunningJob = {
  kind: "running",
  command: '["make"]',
  attempts: 2,
  runId: 7,
  startedAtMs: 1_000,
};

const RESULT: JobResult = {
  runId: 7,
  startedAtMs: 1_000,
  endedAtMs: 2_000,
  exitCode: 0,
  cause: "exit",
  stdoutTail: "out",
  stderrTail: "",
  timedOut: false,
  attempts: 1,
};

describe("recallJob", () => {
  it("begins a job that nobody asked for before", () => {
    expect(recallJob(undefined, '["make"]')).toEqual({ kind: "new" });
  });

  it("attaches to one that was begun, and gives the result of one that is done", () => {
    expect(recallJob(RUNNING, '["make"]')).toEqual({ kind: "begun", job: RUNNING });
    const done = { kind: "done", command: '["make"]', result: RESULT } as const;
    expect(recallJob(done, '["make"]')).toEqual({ kind: "done", result: RESULT });
  });

  it.each([RUNNING, { kind: "done", command: '["make"]', result: RESULT } as const])(
    "refuses a key that is another command's",
    (record) => {
      expect(recallJob(record, '["make","clean"]')).toEqual({ kind: "conflict" });
      expect(recallJob(record, "")).toEqual({ kind: "conflict" });
    },
  );
});

describe("lostAttempt", () => {
  it("has no exit code that nobody saw", () => {
    expect(lostAttempt(RUNNING, 5_000)).toEqual({
      runId: 7,
      startedAtMs: 1_000,
      endedAtMs: 5_000,
      exitCode: null,
      cause: "unknown",
      stdoutTail: null,
      stderrTail: null,
      timedOut: false,
      attempts: 2,
    });
  });
});

describe("isRetried", () => {
  it.each([
    [0, 1, 3, false],
    [1, 1, 3, true],
    [1, 3, 3, true],
    [1, 4, 3, false],
    [1, 1, 0, false],
    [null, 1, 1, true],
    [null, 2, 1, false],
    [137, 1, 1, true],
  ])("exit code %s at try %i of 1 + %i: %s", (exitCode, attempts, retries, expected) => {
    expect(isRetried({ ...RESULT, exitCode, attempts }, retries)).toBe(expected);
  });
});
