import { evictDurableObject, runDurableObjectAlarm, runInDurableObject } from "cloudflare:test";
import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";
import { errorCode } from "../../src/errors/container-error.ts";
import type { Box } from "./worker.ts";
import { createBox, until, type TestBox } from "./box.ts";

const START = Date.UTC(2027, 0, 1);

beforeEach(() => {
  vi.useFakeTimers({ toFake: ["Date"], now: START });
});
afterEach(() => {
  vi.useRealTimers();
});

/** Runs `work` in the object; results that are generic do not pass the stub's types. */
function inside<Result>(box: TestBox, work: (instance: Box) => Promise<Result>): Promise<Result> {
  return runInDurableObject(box.stub, work);
}

async function alarmOf(box: TestBox): Promise<number | null> {
  return await runInDurableObject(box.stub, (_instance, state) => state.storage.getAlarm());
}

/** Moves time to the alarm and runs it. */
async function runNextAlarm(box: TestBox): Promise<void> {
  const atMs = await alarmOf(box);
  if (atMs === null) throw new Error("Cannot run the alarm: none is set");
  vi.setSystemTime(Math.max(atMs, Date.now()));
  await runDurableObjectAlarm(box.stub);
}

describe("schedule()", () => {
  it("keeps three tasks of one method, and lists them in the order of their time", async () => {
    const box = createBox();
    const times = await inside(box, async (instance) => {
      await instance.schedule(30, "tick", "c");
      await instance.schedule(10, "tick", "a");
      await instance.schedule(20, "tick", "b");
      return await instance.listSchedules("tick");
    });
    expect(times.map(({ payload }) => payload)).toEqual(["a", "b", "c"]);
    expect(await inside(box, (instance) => instance.listSchedules("failingTick"))).toEqual([]);
  });

  it("answers with the task of a delay, in seconds", async () => {
    const box = createBox();
    const task = await inside(box, (instance) => instance.schedule(5, "tick", { a: 1 }));
    expect(task).toEqual({
      taskId: expect.any(String) as string,
      callback: "tick",
      payload: { a: 1 },
      type: "delayed",
      delayInSeconds: 5,
      time: START / 1_000 + 5,
    });
    expect(await inside(box, (instance) => instance.getSchedule(task.taskId))).toEqual(task);
  });

  it("answers with the task of a date", async () => {
    const box = createBox();
    const task = await inside(box, (instance) =>
      instance.schedule(new Date(START + 90_000), "tick"),
    );
    expect(task).toMatchObject({ type: "scheduled", time: START / 1_000 + 90 });
    expect(await alarmOf(box)).toBe(START + 90_000);
  });

  it.each([
    ["a negative delay", -1, "tick"],
    ["no number", NaN, "tick"],
    ["an endless delay", Infinity, "tick"],
    ["no date", new Date("tomorrow"), "tick"],
    ["text for a time", "5m" as unknown as number, "tick"],
    ["a method that is not there", 5, "tock"],
    ["a field", 5, "sleepAfter"],
    ["no name", 5, undefined as unknown as string],
  ])("refuses %s by INVALID_ARGUMENT", async (_what, when, callback) => {
    const box = createBox();
    const error = await inside(box, (instance) =>
      instance.schedule(when, callback).catch((thrown: unknown) => thrown),
    );
    expect(errorCode(error)).toBe("INVALID_ARGUMENT");
    expect(await alarmOf(box)).toBeNull();
  });

  it("refuses a payload that does not survive JSON", async () => {
    const box = createBox();
    const error = await inside(box, (instance) =>
      instance.schedule(1, "tick", 1n).catch((thrown: unknown) => thrown),
    );
    expect(errorCode(error)).toBe("INVALID_ARGUMENT");
  });
});

describe("A task", () => {
  it("is run by the alarm at its time with its payload, once, and starts no container", async () => {
    const box = createBox();
    await inside(box, (instance) => instance.schedule(60, "tick", { a: [1, "two"] }));
    expect(await alarmOf(box)).toBe(START + 60_000);
    await runNextAlarm(box);
    await until(() => box.ticks.length === 1);
    expect(box.ticks).toEqual([{ a: [1, "two"] }]);
    expect(await inside(box, (instance) => instance.listSchedules("tick"))).toEqual([]);
    expect(await alarmOf(box)).toBeNull();
    expect(box.container.starts).toEqual([]);
  });

  it("keeps the alarm while the container is stopped, and through an eviction", async () => {
    const box = createBox();
    await (await box.get()).text();
    await inside(box, (instance) => instance.schedule(3_600, "tick", "later"));
    await box.stub.destroy();
    await until(() => box.stops.length === 1);
    expect(await alarmOf(box)).not.toBeNull();
    await evictDurableObject(box.stub);
    for (let alarms = 0; box.ticks.length === 0; alarms += 1) {
      expect(alarms).toBeLessThan(3);
      await runNextAlarm(box);
    }
    expect(Date.now()).toBe(START + 3_600_000);
    expect(box.ticks).toEqual(["later"]);
  });

  it("is not run before its time, and leaves the idle alarm as it was", async () => {
    const box = createBox();
    await (await box.get()).text();
    await inside(box, (instance) => instance.schedule(60, "tick", "a"));
    vi.setSystemTime(START + 30_000);
    await runDurableObjectAlarm(box.stub);
    expect(box.ticks).toEqual([]);
    await runNextAlarm(box);
    await until(() => box.ticks.length === 1);
    expect(await alarmOf(box)).toBe(START + 600_000);
  });

  it("that throws is reported and tried again, and others run all the same", async () => {
    const box = createBox();
    await inside(box, async (instance) => {
      await instance.schedule(1, "failingTick");
      await instance.schedule(1, "tick", "b");
    });
    await runNextAlarm(box);
    await until(() => box.errors.length === 1 && box.ticks.length === 1);
    expect(String(box.errors[0])).toContain("tick failed");
    expect(await alarmOf(box)).toBe(START + 1_000 + 2_000);
    await runNextAlarm(box);
    await until(() => box.errors.length === 2);
    expect(await alarmOf(box)).toBe(START + 3_000 + 4_000);
  });

  it("whose method is gone is reported once and removed, and sets no alarm again", async () => {
    const box = createBox();
    await inside(box, (instance) => instance.schedule(1, "tick", "x"));
    await runInDurableObject(box.stub, (_instance, state) => {
      state.storage.sql.exec("UPDATE container_schedules SET callback = 'renamed'");
    });
    await runNextAlarm(box);
    await until(() => box.errors.length === 1);
    expect(String(box.errors[0])).toMatch(/\[INVALID_CONFIG\] .* no method "renamed"/);
    expect(await alarmOf(box)).toBeNull();
    expect(await runDurableObjectAlarm(box.stub)).toBe(false);
  });

  it("whose payload is no JSON is given it as it stands", async () => {
    const box = createBox();
    await inside(box, (instance) => instance.schedule(1, "tick", "x"));
    await runInDurableObject(box.stub, (_instance, state) => {
      state.storage.sql.exec("UPDATE container_schedules SET payload = '{'");
    });
    await runNextAlarm(box);
    await until(() => box.ticks.length === 1);
    expect([box.ticks, box.errors]).toEqual([["{"], []]);
    expect(await alarmOf(box)).toBeNull();
  });

  it("that takes its time is not begun again by another alarm", async () => {
    const gate = Promise.withResolvers<void>();
    const calls: string[] = [];
    const box = createBox();
    await inside(box, async (instance) => {
      instance.tick = () => {
        calls.push("tick");
        return gate.promise;
      };
      await instance.schedule(1, "tick", "slow");
    });
    await runNextAlarm(box);
    await until(() => calls.length === 1);
    vi.setSystemTime(Date.now() + 60_000);
    await inside(box, (instance) => instance.alarm());
    expect(calls).toEqual(["tick"]);
    await inside(box, async () => gate.resolve());
    expect(await inside(box, (instance) => instance.listSchedules("tick"))).toEqual([]);
  });

  it("can schedule its successor", async () => {
    const box = createBox();
    await inside(box, async (instance) => {
      instance.tick = async () => {
        await instance.schedule(60, "failingTick");
        box.ticks.push("scheduled");
      };
      await instance.schedule(1, "tick");
    });
    await runNextAlarm(box);
    await until(() => box.ticks.length === 1);
    expect(await alarmOf(box)).toBe(START + 61_000);
  });
});

describe("deleteSchedules()", () => {
  it("removes the tasks of one method, and the alarm with the last task", async () => {
    const box = createBox();
    await inside(box, async (instance) => {
      await instance.schedule(5, "tick", "a");
      await instance.schedule(6, "tick", "b");
      await instance.schedule(7, "failingTick");
    });
    await box.stub.deleteSchedules("tick");
    expect(await inside(box, (instance) => instance.listSchedules("tick"))).toEqual([]);
    expect(await inside(box, (instance) => instance.listSchedules("failingTick"))).toHaveLength(1);
    await box.stub.deleteSchedules("failingTick");
    expect(await alarmOf(box)).toBeNull();
  });

  it("does nothing to an object that never had a task", async () => {
    const box = createBox();
    await box.stub.deleteSchedules("tick");
    expect(await inside(box, (instance) => instance.getSchedule("none"))).toBeUndefined();
    const tables = await runInDurableObject(box.stub, (_instance, state) =>
      state.storage.sql
        .exec("SELECT name FROM sqlite_master WHERE name = 'container_schedules'")
        .toArray(),
    );
    expect(tables).toEqual([]);
  });
});

describe("The tasks of @cloudflare/containers", () => {
  it("are read from its table, with whole seconds, and run", async () => {
    const box = createBox();
    await runInDurableObject(box.stub, (_instance, state) => {
      // the columns that version 0.3.7 makes
      state.storage.sql.exec(
        "CREATE TABLE container_schedules (id TEXT PRIMARY KEY NOT NULL DEFAULT (randomblob(9)), callback TEXT NOT NULL, payload TEXT, type TEXT NOT NULL CHECK(type IN ('scheduled', 'delayed')), time INTEGER NOT NULL, delayInSeconds INTEGER, created_at INTEGER DEFAULT (unixepoch()))",
      );
      const insert =
        "INSERT INTO container_schedules (id, callback, payload, type, time, delayInSeconds) VALUES (?, 'tick', ?, ?, ?, ?)";
      const second = START / 1_000;
      state.storage.sql.exec(insert, "one", '"a"', "delayed", second + 30, 30);
      state.storage.sql.exec(insert, "two", '{"b":2}', "scheduled", second + 40, null);
    });
    await evictDurableObject(box.stub);
    expect(await inside(box, (instance) => instance.getSchedule("one"))).toMatchObject({
      payload: "a",
      type: "delayed",
      delayInSeconds: 30,
    });
    await runNextAlarm(box);
    await until(() => box.ticks.length === 1);
    await runNextAlarm(box);
    await until(() => box.ticks.length === 2);
    expect(box.ticks).toEqual(["a", { b: 2 }]);
    expect(Date.now()).toBe(START + 40_000);
  });
});

describe("scheduleNextAlarm()", () => {
  it("has the alarm come within its delay, and never later than it was", async () => {
    const box = createBox();
    await (await box.get()).text();
    await box.stub.scheduleNextAlarm(2_000);
    expect(await alarmOf(box)).toBe(START + 2_000);
    await box.stub.scheduleNextAlarm(60_000);
    expect(await alarmOf(box)).toBe(START + 2_000);
    await runNextAlarm(box);
    expect(await alarmOf(box)).toBe(START + 600_000);
  });
});
