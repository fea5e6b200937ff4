import { describe, expect, it } from "vitest";
import { FakeClock } from "../../src/testing/fake-clock.ts";
import { SharedTask, type Patience } from "../../src/worker/shared-task.ts";

function patience(override: Partial<Patience> = {}): Patience {
  return {
    timeoutMs: 1_000,
    onTimeout: () => new Error("too late"),
    onAbort: () => new Error("left"),
    ...override,
  };
}

describe("SharedTask", () => {
  it("gives one result to all who wait, and leaves no timer", async () => {
    const clock = new FakeClock();
    const work = Promise.withResolvers<string>();
    const task = new SharedTask(clock, () => work.promise);
    const joined = [task.join(patience()), task.join(patience())];
    expect(clock.pending).toBe(2);
    work.resolve("done");
    expect(await Promise.all(joined)).toEqual(["done", "done"]);
    expect(clock.pending).toBe(0);
  });

  it("gives one failure to all who wait, and to nobody else", async () => {
    const clock = new FakeClock();
    const work = Promise.withResolvers<string>();
    const task = new SharedTask(clock, () => work.promise);
    const joined = Promise.allSettled([task.join(patience()), task.join(patience())]);
    work.reject(new Error("broken"));
    expect((await joined).map(({ status }) => status)).toEqual(["rejected", "rejected"]);
    expect(clock.pending).toBe(0);
  });

  it("lets each leave after its own time, extended as often as it says", async () => {
    const clock = new FakeClock();
    const task = new SharedTask(clock, () => new Promise<string>(() => {}));
    let extensions = 2;
    const errors: string[] = [];
    const onTimeout = (): Error | number => {
      extensions -= 1;
      return extensions < 0 ? new Error("late") : 500;
    };
    task.join(patience({ onTimeout })).catch((error: unknown) => errors.push(String(error)));
    task.join(patience()).catch((error: unknown) => errors.push(String(error)));
    await clock.advance(1_999);
    expect(errors).toEqual(["Error: too late"]);
    expect(task.isAbandoned).toBe(false);
    await clock.advance(1);
    expect(errors).toEqual(["Error: too late", "Error: late"]);
    expect(task.isAbandoned).toBe(true);
    expect(clock.pending).toBe(0);
  });

  it("aborts the work when the last has left, not before", async () => {
    const clock = new FakeClock();
    let signal: AbortSignal | undefined;
    const task = new SharedTask(clock, (abandoned) => {
      signal = abandoned;
      return new Promise<string>(() => {});
    });
    const first = new AbortController();
    const second = new AbortController();
    const joined = [first, second].map((leaver) => task.join(patience({ signal: leaver.signal })));
    first.abort();
    await expect(joined[0]).rejects.toThrow("left");
    expect(signal?.aborted).toBe(false);
    second.abort();
    await expect(joined[1]).rejects.toThrow("left");
    expect(signal?.aborted).toBe(true);
    expect(clock.pending).toBe(0);
  });

  it("turns away at once who has left before", async () => {
    const clock = new FakeClock();
    const task = new SharedTask(clock, () => new Promise<string>(() => {}));
    const joined = task.join(patience({ signal: AbortSignal.abort() }));
    await expect(joined).rejects.toThrow("left");
    expect(clock.pending).toBe(0);
  });
});
