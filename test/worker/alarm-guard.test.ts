import { runInDurableObject } from "cloudflare:test";
import { describe, expect, it } from "vitest";
import { AlarmGuard, type AlarmedObject } from "../../src/worker/alarm-guard.ts";
import { createBox } from "./box.ts";

interface Guarded {
  readonly guard: AlarmGuard;
  readonly done: string[];
  readonly errors: unknown[];
}

function guarded(): Guarded {
  const done: string[] = [];
  const errors: unknown[] = [];
  const guard = new AlarmGuard({
    handle: async () => void done.push("ours"),
    report: (error) => void errors.push(error),
  });
  return { guard, done, errors };
}

/** An object of a class that has an alarm of its own. */
function objectOf(alarm: () => Promise<void>): AlarmedObject {
  return new (class Mine {
    readonly alarm = alarm;
  })();
}

describe("AlarmGuard wrap()", () => {
  it("does our part once where the class calls super.alarm()", async () => {
    const { guard, done, errors } = guarded();
    const object = objectOf(async () => {
      done.push("theirs");
      await guard.handle();
    });
    guard.wrap(object);
    await object.alarm();
    expect([done, errors]).toEqual([["theirs", "ours"], []]);
  });

  it("does our part where the class forgets it, and tells once which class", async () => {
    const { guard, done, errors } = guarded();
    const object = objectOf(async () => void done.push("theirs"));
    guard.wrap(object);
    await object.alarm();
    await object.alarm();
    expect(done).toEqual(["theirs", "ours", "theirs", "ours"]);
    expect(errors).toHaveLength(1);
    expect(String(errors[0])).toMatch(/INVALID_CONFIG.*Mine\.alarm\(\).*super\.alarm\(\).*onAlarm/);
  });

  it("does our part where the class's own throws, which is still told to the runtime", async () => {
    const { guard, done } = guarded();
    const object = objectOf(() => Promise.reject(new Error("theirs failed")));
    guard.wrap(object);
    await expect(object.alarm()).rejects.toThrow("theirs failed");
    expect(done).toEqual(["ours"]);
  });
});

describe("setAlarm()", () => {
  it("is kept beside ours: the earlier one is set, and onAlarm is called when due", async () => {
    const box = createBox();
    const dueAtMs = Date.now() + 60_000;
    await box.stub.setAlarm(dueAtMs);
    expect(await box.stub.getAlarm()).toBe(dueAtMs);
    const armed = await runInDurableObject(box.stub, (_object, state) => state.storage.getAlarm());
    expect(armed).toBe(dueAtMs);
    await box.stub.setAlarm(null);
    expect(await box.stub.getAlarm()).toBeNull();
    expect(await runInDurableObject(box.stub, (_object, state) => state.storage.getAlarm())).toBe(
      null,
    );
  });

  it("refuses what is no moment, by its value", async () => {
    const box = createBox();
    await runInDurableObject(box.stub, async (object) => {
      await expect(object.setAlarm(Number.NaN)).rejects.toThrow(/INVALID_ARGUMENT.*NaN/);
    });
  });
});
