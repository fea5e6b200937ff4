import { describe, expect, it } from "vitest";
import {
  afterFailure,
  afterSlot,
  claim,
  isSkipped,
  isUsedUp,
} from "../../../src/core/schedule/after-try.ts";
import {
  DEFAULT_RETRY,
  DEFAULT_TIMEOUT_MS,
  LEASE_MS,
  type MissedPolicy,
} from "../../../src/core/schedule/task.ts";
import { everySeconds, taskOf } from "./tasks.ts";

const EVERY = { kind: "every", everyMs: 10_000, fromMs: 10_000 } as const;
const CRON = { kind: "cron", expression: "10" } as const;

describe("claim()", () => {
  it("counts a try before it is made, and looks after it when its lease ends", () => {
    const task = taskOf({ attempts: 2 });
    expect(claim(task, 10_500)).toEqual({ ...task, attempts: 3, dueAtMs: 10_500 + LEASE_MS });
    expect(LEASE_MS).toBe(60_000);
  });
});

describe("isUsedUp()", () => {
  it("is so from the last try that is allowed on", () => {
    const retry = { ...DEFAULT_RETRY, attempts: 3 };
    expect([2, 3, 4].map((attempts) => isUsedUp(taskOf({ attempts, retry })))).toEqual([
      false,
      true,
      true,
    ]);
  });

  it("takes ten tries, 2 s to 5 min apart, of a quarter of an hour each where nothing is said", () => {
    expect(DEFAULT_RETRY).toEqual({ attempts: 10, baseMs: 2_000, capMs: 300_000 });
    expect(DEFAULT_TIMEOUT_MS).toBe(15 * 60_000);
  });
});

describe("isSkipped()", () => {
  const late = taskOf({ spec: EVERY, missed: "skip" });

  it("skips a slot that is more than a minute late", () => {
    expect(isSkipped(late, 70_000)).toBe(false);
    expect(isSkipped(late, 70_001)).toBe(true);
  });

  it.each([
    ["of a task that runs once", taskOf({ missed: "skip" })],
    ["that was tried already", { ...late, attempts: 1 }],
    ["whose task would rather run late", { ...late, missed: "once" as const }],
  ])("does not skip a slot %s", (_which, task) => {
    expect(isSkipped(task, 900_000)).toBe(false);
  });
});

describe("afterSlot()", () => {
  it("removes a task that runs once", () => {
    const outcome = afterSlot(taskOf({ attempts: 1 }), 10_500, undefined);
    expect(outcome).toStrictEqual({ task: undefined });
  });

  it("goes on with the next slot, reckoned from the last and not from now", () => {
    const task = taskOf({ spec: EVERY, attempts: 3 });
    expect(afterSlot(task, 12_345, undefined)).toEqual({
      task: { ...task, slotMs: 20_000, dueAtMs: 20_000, attempts: 0 },
    });
  });

  it.each<MissedPolicy>(["once", "skip", { catchUp: 2 }])(
    "does not repeat a slot that ran early, by a clock that was set: %j",
    (missed) => {
      for (const spec of [EVERY, CRON]) {
        const early = taskOf({ spec, missed, slotMs: 20_000 });
        expect(afterSlot(early, 15_000, everySeconds).task?.slotMs).toBe(30_000);
      }
      const last = taskOf({ spec: CRON, missed, slotMs: 60_000 });
      expect(afterSlot(last, 55_000, everySeconds).task).toBeUndefined();
    },
  );

  it("reckons the slots of an interval that were missed, however many, and counts none", () => {
    const spec = { kind: "every", everyMs: 1, fromMs: 10_000 } as const;
    const { task } = afterSlot(taskOf({ spec, missed: { catchUp: 3 } }), 1e12, undefined);
    expect(task?.slotMs).toBe(1e12 - 2);
  });

  it("removes a task whose expression names no more times", () => {
    const task = taskOf({ spec: CRON, slotMs: 60_000 });
    expect(afterSlot(task, 60_001, everySeconds)).toEqual({ task: undefined });
  });

  it.each<[MissedPolicy, number]>([
    ["once", 60_000],
    ["skip", 60_000],
    [{ catchUp: 0 }, 60_000],
    [{ catchUp: 1 }, 50_000],
    [{ catchUp: 2 }, 40_000],
    [{ catchUp: 4 }, 20_000],
    [{ catchUp: 9 }, 20_000],
  ])("with missed %j of the slots 20, 30, 40 and 50 s comes %d at 55 s", (missed, slotMs) => {
    for (const spec of [EVERY, CRON]) {
      const { task } = afterSlot(taskOf({ spec, missed }), 55_000, everySeconds);
      expect(task).toMatchObject({ slotMs, dueAtMs: slotMs, attempts: 0 });
    }
  });

  it.each<[MissedPolicy, number]>([
    ["once", 30_000],
    [{ catchUp: 1 }, 20_000],
  ])("counts a slot that is now as missed: %j", (missed, slotMs) => {
    for (const spec of [EVERY, CRON]) {
      const { task } = afterSlot(taskOf({ spec, missed }), 20_000, everySeconds);
      expect(task?.slotMs).toBe(slotMs);
    }
  });
});

describe("afterFailure()", () => {
  it.each([
    [1, 2_000],
    [2, 4_000],
    [9, 300_000],
  ])("tries again, after try %d in %d ms", (attempts, pauseMs) => {
    const task = taskOf({ spec: EVERY, attempts });
    expect(afterFailure(task, 11_000, undefined)).toEqual({
      task: { ...task, dueAtMs: 11_000 + pauseMs },
    });
  });

  it("gives a slot up after its last try, and goes on with the next", () => {
    const task = taskOf({ spec: EVERY, attempts: 10 });
    expect(afterFailure(task, 11_000, undefined)).toEqual({
      dead: task,
      task: { ...task, slotMs: 20_000, dueAtMs: 20_000, attempts: 0 },
    });
  });

  it("removes a task that runs once after its last try", () => {
    const task = taskOf({ attempts: 10 });
    expect(afterFailure(task, 11_000, undefined)).toEqual({ dead: task, task: undefined });
  });
});
