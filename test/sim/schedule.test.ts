import { afterEach, describe, expect, it } from "vitest";
import { cron } from "../../src/cron.ts";
import { Container, type Schedule } from "../../src/index.ts";
import { simulate, type SimulatedInstance } from "../../src/testing.ts";

const EPOCH_MS = Date.UTC(2026, 0, 1);
const HOUR_MS = 3_600_000;

let calls: [payload: unknown, atSeconds: number][] = [];
let errors: unknown[] = [];
let failures = 0;
let open: { close(): void } | undefined;

class App extends Container {
  override defaultPort = 8080;
  override cron = cron;

  override onError(error: unknown): void {
    errors.push(error);
  }

  async tick(payload: unknown): Promise<void> {
    calls.push([payload, (Date.now() - EPOCH_MS) / 1_000]);
    if (failures > 0) {
      failures -= 1;
      throw new Error("tick failed");
    }
  }

  async hang(): Promise<void> {
    calls.push(["hang", (Date.now() - EPOCH_MS) / 1_000]);
    await new Promise(() => {});
  }

  async again(count: number): Promise<void> {
    calls.push([count, (Date.now() - EPOCH_MS) / 1_000]);
    if (count > 1) await this.schedule({ in: "10m", id: "again" }, "again", count - 1);
  }

  async fatal(): Promise<void> {
    calls.push(["fatal", 0]);
    this.ctx.abort("died in a task");
  }
}

class WithoutCron extends Container {}

async function boxOf(epochMs = EPOCH_MS): Promise<SimulatedInstance<App>> {
  const box = await simulate(App, { epochMs, latency: { stubMs: [0, 0] } });
  open = box;
  return box;
}

afterEach(() => {
  open?.close();
  calls = [];
  errors = [];
  failures = 0;
});

const times = (): number[] => calls.map(([, atSeconds]) => Math.round(atSeconds));

describe("schedule()", () => {
  it("takes a delay to the millisecond", async () => {
    const box = await boxOf();
    await box.call("schedule", { in: "1500ms" }, "tick", "a");
    await box.advance("1499ms");
    expect(calls).toEqual([]);
    await box.advance("1ms");
    expect(calls).toEqual([["a", 1.5]]);
  });

  it("takes a moment", async () => {
    const box = await boxOf();
    await box.call("schedule", { at: EPOCH_MS + 90_000 }, "tick", "a");
    await box.advance("2m");
    expect(calls).toEqual([["a", 90]]);
  });

  it("repeats at an interval that is reckoned from its slots, with one alarm for each", async () => {
    const box = await boxOf();
    await box.call("schedule", { every: "10m" }, "tick", "a");
    await box.advance("1h");
    expect(times()).toEqual([600, 1_200, 1_800, 2_400, 3_000, 3_600]);
    expect(box.bill().alarms).toBe(6);
    expect(box.starts).toBe(0);
  });

  it("repeats by a cron expression in its time zone", async () => {
    const box = await boxOf();
    await box.call("schedule", { cron: "0 3 * * *", timeZone: "Europe/Berlin" }, "tick", "a");
    await box.advance("49h");
    expect(times()).toEqual([2 * 3_600, 26 * 3_600]);
  });

  it("refuses a cron expression where the class has no parser, and says how to add it", async () => {
    const box = await simulate(WithoutCron);
    open = box;
    await expect(box.call("schedule", { cron: "* * * * *" }, "run")).rejects.toThrow(
      /INVALID_CONFIG.*@berth\/containers\/cron.*cron = cron/,
    );
  });

  it.each([
    ["a wrong expression", { cron: "nonsense" }, /INVALID_ARGUMENT.*"nonsense"/],
    ["a wrong zone", { cron: "0 3 * * *", timeZone: "Mars/Base" }, /INVALID_ARGUMENT.*Mars/],
    ["an interval that would spin", { every: "10ms" }, /INVALID_ARGUMENT.*10 ms.*one second/],
    ["no time at all", {}, /INVALID_ARGUMENT.*\{\} is not a time/],
    ["no tries", { in: "1s", retries: { attempts: 0 } }, /INVALID_ARGUMENT.*attempts: 0/],
    ["no such policy", { every: "1h", missed: { catchUp: -1 } }, /INVALID_ARGUMENT.*catchUp/],
  ])("refuses %s by its value", async (_what, when, message) => {
    const box = await boxOf();
    await expect(box.call("schedule", when, "tick")).rejects.toThrow(message);
    expect(await box.call("listSchedules")).toEqual([]);
  });

  it("puts a task in the place of the one that has its id", async () => {
    const box = await boxOf();
    await box.call("schedule", { in: "1m", id: "one" }, "tick", "a");
    await box.call("schedule", { in: "2m", id: "one" }, "tick", "b");
    await box.advance("5m");
    expect(calls.map(([payload]) => payload)).toEqual(["b"]);
  });
});

describe("A task that fails", () => {
  it("may put another in its own place while it runs", async () => {
    const box = await boxOf();
    await box.call("schedule", { in: "1m", id: "again" }, "again", 3);
    await box.advance("1h");
    expect(calls.map(([count]) => count)).toEqual([3, 2, 1]);
    expect(times()).toEqual([60, 660, 1260]);
    expect(await box.call("listSchedules")).toEqual([]);
    expect(box.alarms).toBe(3);
  });

  it("is tried again within two minutes when its object dies under it", async () => {
    const box = await boxOf();
    await box.call("schedule", { in: "1m", id: "hang" }, "hang");
    await box.advance("70s");
    box.deploy();
    await box.advance("2m");
    expect(times()).toEqual([60, 120]);
  });

  it("is tried again after 2 s, then twice as long each time, up to five minutes", async () => {
    const box = await boxOf();
    failures = 9;
    await box.call("schedule", { in: "1s" }, "tick", "a");
    await box.advance("1h");
    const gaps = times()
      .slice(1)
      .map((at, index) => at - (times()[index] ?? 0));
    expect(gaps).toEqual([2, 4, 8, 16, 32, 64, 128, 256, 300]);
    expect(errors).toHaveLength(9);
    expect(await box.call("listSchedules")).toEqual([]);
  });

  it("is a dead letter after its last try, and can be revived", async () => {
    const box = await boxOf();
    failures = 2;
    const retries = { attempts: 2, base: "1s" };
    const { taskId } = (await box.call("schedule", { in: "1s", retries }, "tick", "a")) as Schedule;
    await box.advance("1h");
    expect(calls).toHaveLength(2);
    expect(await box.call("listDeadLetters")).toMatchObject([{ taskId, payload: "a" }]);
    expect(await box.call("retryDeadLetter", taskId)).toBe(true);
    await box.advance("1m");
    expect([calls.length, await box.call("listDeadLetters")]).toEqual([3, []]);
    expect(await box.call("retryDeadLetter", taskId)).toBe(false);
  });

  it("that repeats goes on with its next slot, its failed one a dead letter", async () => {
    const box = await boxOf();
    failures = 1;
    await box.call("schedule", { every: "1h", retries: { attempts: 1 } }, "tick", "a");
    await box.advance("3h");
    expect(times()).toEqual([3_600, 7_200, 10_800]);
    expect(await box.call("listDeadLetters", "tick")).toHaveLength(1);
  });

  it("by never returning is given up after its timeout", async () => {
    const box = await boxOf();
    await box.call("schedule", { in: "1s", timeout: "10s", retries: { attempts: 1 } }, "hang");
    await box.advance("1m");
    expect(String(errors[0])).toMatch(/HOOK_FAILED.*hang.*10000 ms/);
    expect(await box.call("listDeadLetters")).toHaveLength(1);
  });

  it("by ending its object is bounded, too", async () => {
    const box = await boxOf();
    await box.call("schedule", { in: "1s", retries: { attempts: 3 } }, "fatal");
    await box.advance("2h");
    expect(calls.length).toBe(3);
    expect(await box.call("listDeadLetters")).toHaveLength(1);
  });

  it("because its method is gone is a dead letter at once, and wakes nobody again", async () => {
    class Renamed extends Container {
      override onError(error: unknown): void {
        errors.push(error);
      }
    }
    const box = await boxOf();
    await box.call("schedule", { every: "1h" }, "tick");
    Reflect.apply(box.deploy, box, [Renamed]);
    await box.advance("1h");
    const { alarms } = box.bill();
    expect(errors).toHaveLength(1);
    expect(await box.call("listDeadLetters")).toHaveLength(1);
    expect(alarms).toBeLessThanOrEqual(2);
  });
});

describe("Slots that were missed", () => {
  it.each([
    ["once", "once", [23 * HOUR_MS, 24 * HOUR_MS]],
    ["skip", "skip", [24 * HOUR_MS]],
    [
      "the last three",
      { catchUp: 3 },
      [23 * HOUR_MS, 23 * HOUR_MS, 23 * HOUR_MS, 23 * HOUR_MS, 24 * HOUR_MS],
    ],
  ] as const)("are run by the policy: %s", async (_name, missed, expected) => {
    const box = await boxOf();
    await box.call("schedule", { every: "1h", missed }, "tick");
    box.inject({ kind: "alarm-delayed", delayMs: 22 * HOUR_MS + 60_001 });
    await box.advance("24h");
    const hours = times().map((at) => Math.floor(at / 3_600) * HOUR_MS);
    expect(hours).toEqual(expected);
  });
});

describe("cancelSchedule()", () => {
  it("removes a task, and says whether there was one", async () => {
    const box = await boxOf();
    const { taskId } = (await box.call("schedule", { every: "1h" }, "tick")) as Schedule;
    expect(await box.call("cancelSchedule", taskId)).toBe(true);
    expect(await box.call("cancelSchedule", taskId)).toBe(false);
    await box.advance("2h");
    expect([calls, box.bill().alarms]).toEqual([[], 0]);
  });
});

describe("cron()", () => {
  const next = (expression: string, zone: string, after: string, count = 1): string[] => {
    const found: string[] = [];
    let atMs = Date.parse(after);
    for (let turn = 0; turn < count; turn += 1) {
      atMs = cron(expression, zone).nextAfterMs(atMs) ?? Number.NaN;
      found.push(new Date(atMs).toISOString());
    }
    return found;
  };

  it("runs a local time that spring leaves out at the next valid minute", () => {
    expect(next("30 2 * * *", "Europe/Berlin", "2026-03-28T12:00:00Z")).toEqual([
      "2026-03-29T01:00:00.000Z",
    ]);
    expect(next("30 2 * * *", "America/New_York", "2026-03-07T12:00:00Z")).toEqual([
      "2026-03-08T07:00:00.000Z",
    ]);
  });

  it("runs a local time that comes twice in autumn once", () => {
    expect(next("30 2 * * *", "Europe/Berlin", "2026-10-24T12:00:00Z", 2)).toEqual([
      "2026-10-25T00:30:00.000Z",
      "2026-10-26T01:30:00.000Z",
    ]);
    expect(next("30 1 * * *", "America/New_York", "2026-10-31T12:00:00Z", 2)).toEqual([
      "2026-11-01T05:30:00.000Z",
      "2026-11-02T06:30:00.000Z",
    ]);
  });

  it("finds 29 February and the ends of months", () => {
    expect(next("0 0 29 2 *", "UTC", "2026-01-01T00:00:00Z")).toEqual(["2028-02-29T00:00:00.000Z"]);
    expect(next("0 0 31 * *", "UTC", "2026-01-31T00:00:00Z", 2)).toEqual([
      "2026-03-31T00:00:00.000Z",
      "2026-05-31T00:00:00.000Z",
    ]);
  });
});

describe("setAlarm()", () => {
  it("rings again while onAlarm() throws, and when its object died under it, with a bound", async () => {
    const rings: number[] = [];
    const aborts = [2, 3];
    class Alarmed extends App {
      override onAlarm(): void {
        rings.push(Math.round((Date.now() - EPOCH_MS) / 1_000));
        if (aborts.includes(rings.length)) this.ctx.abort("died in onAlarm");
        throw new Error("not yet");
      }
    }
    await using box = await simulate(Alarmed, { epochMs: EPOCH_MS });
    await box.call("setAlarm", EPOCH_MS + 60_000);
    expect(await box.call("getAlarm")).toBe(EPOCH_MS + 60_000);
    await box.advance("1h");
    expect(rings).toEqual([60, 62, 122, 182, 198, 230, 294]);
    expect(String(errors.at(-1))).toMatch(/HOOK_FAILED.*7 times/);
    expect(await box.call("getAlarm")).toBeNull();
    expect(await box.storage.getAlarm()).toBeNull();
  });

  it("set anew by onAlarm() itself rings after it", async () => {
    const rings: number[] = [];
    class Alarmed extends App {
      override async onAlarm(): Promise<void> {
        rings.push(Math.round((Date.now() - EPOCH_MS) / 1_000));
        if (rings.length < 3) await this.setAlarm(Date.now() + 1_000);
        await new Promise((resolve) => setTimeout(resolve, 5_000));
      }
    }
    await using box = await simulate(Alarmed, { epochMs: EPOCH_MS });
    await box.call("setAlarm", new Date(EPOCH_MS + 60_000));
    await box.advance("10m");
    expect(rings).toEqual([60, 65, 70]);
    expect(await box.storage.getAlarm()).toBeNull();
  });
});
