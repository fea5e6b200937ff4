import { expect } from "vitest";
import { answer, boxOf, scenario } from "./scenario.ts";

export const ALARMS = [
  scenario(
    11,
    "500 tasks and starts within ten seconds make no storm of alarms",
    async (subject) => {
      const box = await boxOf(subject, { methods: { tick() {} } });
      await answer(box.fetch("/"));
      const before = box.bill().alarms;
      for (let turn = 0; turn < 250; turn += 1) {
        void box.stub.call("schedule", [3_600, "tick", "x"]).catch(() => {});
        void box.stub.call("start", []).catch(() => {});
        await box.advance("40ms");
      }
      expect(box.bill().alarms - before).toBeLessThanOrEqual(11);
    },
  ),

  scenario(
    12,
    "a task whose method is gone since a deploy is told once, and wakes nobody again",
    async (subject) => {
      const errors: string[] = [];
      const onError = (error: unknown): void => void errors.push(String(error));
      const box = await boxOf(subject, { methods: { old() {}, onError } });
      await box.call("schedule", 5, "old", "x");
      Reflect.deleteProperty(Object.getPrototypeOf(box.object) as object, "old");
      await box.advance("30s");
      const { alarms } = box.bill();
      await box.advance("30m");
      expect(box.bill().alarms).toBe(alarms);
      expect(alarms).toBeLessThanOrEqual(2);
      expect(errors).toEqual([expect.stringContaining('no method "old"')]);
    },
  ),

  scenario(
    13,
    "a task that throws is tried again, and put aside in the end; others run all the same",
    async (subject) => {
      const calls: string[] = [];
      const box = await boxOf(subject, {
        methods: {
          good: () => void calls.push("good"),
          bad: () => {
            calls.push("bad");
            if (calls.filter((call) => call === "bad").length < 3) throw new Error("not yet");
          },
          worst: () => {
            calls.push("worst");
            throw new Error("never");
          },
        },
      });
      await box.call("schedule", 1, "bad", "x");
      await box.call("schedule", 1, "good", "x");
      await box.advance("5m");
      expect(calls.toSorted()).toEqual(["bad", "bad", "bad", "good"]);
      await box.call("schedule", 1, "worst", "x");
      await box.advance("1h");
      expect(calls.filter((call) => call === "worst")).toHaveLength(10);
      expect(await box.call("listDeadLetters")).toMatchObject([{ callback: "worst" }]);
    },
  ),

  scenario(14, "three tasks are listed as three", async (subject) => {
    const box = await boxOf(subject, { methods: { tick() {} } });
    for (const delay of [100, 200, 300]) await box.call("schedule", delay, "tick", "x");
    expect(await box.call("listSchedules", "tick")).toHaveLength(3);
  }),

  scenario(
    15,
    "with the container stopped and no task left there is no alarm any more",
    async (subject) => {
      const box = await boxOf(subject, { fields: { sleepAfter: "1m" } });
      await answer(box.fetch("/"));
      await box.advance("10m");
      expect(box.container.running).toBe(false);
      const { alarms, wakeUps } = box.bill();
      await box.advance("24h");
      expect([box.bill().alarms, box.bill().wakeUps]).toEqual([alarms, wakeUps]);
    },
  ),

  scenario(
    16,
    "a task that waits while the container is stopped keeps its alarm",
    async (subject) => {
      const calls: unknown[] = [];
      const box = await boxOf(subject, {
        fields: { sleepAfter: "1m" },
        methods: { tick: (payload: unknown) => void calls.push(payload) },
      });
      await answer(box.fetch("/"));
      await box.call("schedule", 1_800, "tick", "late");
      await box.advance("20m");
      expect(box.container.running).toBe(false);
      await box.advance("11m");
      expect(calls).toEqual(["late"]);
      expect(box.starts).toBe(1);
    },
  ),
];
