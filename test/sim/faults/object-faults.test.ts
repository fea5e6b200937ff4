import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";
import { Container, ContainerProxy } from "../../../src/index.ts";
import { answer, boxOf as boxFor, stops, type AppPlan, type Box } from "../scenarios/scenario.ts";
import type { SimulationOptions } from "../../../src/testing.ts";

// Faults of orchestration.md section 5, by their numbers there: what must hold for one instance.

const boxOf = (plan: AppPlan & { readonly options?: SimulationOptions } = {}): Promise<Box> =>
  boxFor({ name: "berth", Container, ContainerProxy }, plan);

/** Answers 200, and so is ready. */
async function ready(box: Box): Promise<void> {
  expect((await answer(box.fetch("/")))[0]).toBe(200);
}

beforeEach(() => {
  vi.spyOn(console, "error").mockReturnValue(undefined);
});
afterEach(() => {
  vi.restoreAllMocks();
});

describe("Faults of the object", () => {
  it("21: evicted while ready and idle: adopted without a restart, its idle time not begun anew", async () => {
    const box = await boxOf({ fields: { sleepAfter: "10m" } });
    await ready(box);
    await box.advance("9m");
    expect(box.object).toBeUndefined();
    await box.call("getState");
    expect(box.starts).toBe(1);
    await box.advance("2m");
    expect(box.container.running).toBe(false);
  });

  it("22: evicted in the middle of a request: one error, nothing pinned, stopped in time", async () => {
    let isLong = false;
    const box = await boxOf({
      fields: { sleepAfter: "5m" },
      options: { app: () => (isLong ? new Promise<Response>(() => {}) : new Response("hi")) },
    });
    await ready(box);
    isLong = true;
    const response = box.fetch("/");
    await box.advance("1s");
    box.evict();
    await expect(response).rejects.toThrow("Network connection lost");
    await box.advance("7m");
    expect([box.container.running, box.starts]).toEqual([false, 1]);
  });

  it.each([1, 2, 3, 4, 5])(
    "23, 24: the record is lost about the start (seed %i): one container, started once",
    async (seed) => {
      const box = await boxOf({ options: { seed, bootMs: 1_000 } });
      box.inject({ kind: "storage-slow", writeMs: 500 });
      const first = box.fetch("/");
      await box.advance(`${seed * 60}ms`);
      box.inject({ kind: "writes-lost" });
      await first.catch(() => "lost");
      box.heal();
      await ready(box);
      expect(box.starts).toBeLessThanOrEqual(2);
      expect(box.callsOf("onStart").length).toBeLessThanOrEqual(box.starts);
      await box.advance("20m");
      expect(box.container.running).toBe(false);
    },
  );

  it.each(["draining", "stopping"] as const)(
    "25: evicted while %s: the alarm completes it",
    async (phase) => {
      let isLong = false;
      const box = await boxOf({
        fields: { drain: "20s", stopGrace: "20s" },
        options: { app: () => (isLong ? new Promise<Response>(() => {}) : new Response("hi")) },
      });
      await ready(box);
      box.container.ignoreSigterm();
      isLong = phase === "draining";
      const pending = isLong ? box.fetch("/") : undefined;
      await box.advance("1s");
      await box.call("stop");
      expect(await box.call("peek")).toMatchObject({ phase });
      box.evict();
      await pending?.catch(() => "lost");
      await box.advance("60s");
      expect([box.container.running, box.starts]).toEqual([false, 1]);
      expect(stops(box)).toMatchObject([{ cause: "stop" }]);
    },
  );

  it("26: an older object in memory can write nothing and end nothing any more", async () => {
    const box = await boxOf();
    await ready(box);
    const old = box.object;
    box.evict();
    await ready(box);
    const { writes } = box.bill();
    await expect(old?.stop()).rejects.toThrow(/reset/);
    await expect(old?.destroy()).rejects.toThrow(/reset/);
    expect([box.container.running, box.container.signals, box.bill().writes]).toEqual([
      true,
      [],
      writes,
    ]);
  });

  it("27: a deploy resets the object; its container is adopted, not restarted", async () => {
    const box = await boxOf();
    await ready(box);
    for (let deploy = 0; deploy < 5; deploy += 1) {
      box.deploy();
      await ready(box);
    }
    expect([box.starts, box.callsOf("onStop").length]).toEqual([1, 0]);
  });

  it("28: an alarm that comes twice starts nothing twice and repeats no task", async () => {
    const calls: unknown[] = [];
    const box = await boxOf({ methods: { tick: (payload: unknown) => void calls.push(payload) } });
    await box.call("schedule", 60, "tick", "a");
    box.inject({ kind: "alarm-twice" });
    await box.advance("5m");
    expect([calls, box.starts]).toEqual([["a"], 0]);
  });

  it("29: an alarm that is ten minutes late: deadlines by the time, tasks caught up", async () => {
    const calls: unknown[] = [];
    const box = await boxOf({
      fields: { sleepAfter: "2m" },
      methods: { tick: (payload: unknown) => void calls.push(payload) },
    });
    await ready(box);
    await box.call("schedule", 60, "tick", "a");
    box.inject({ kind: "alarm-delayed", delayMs: 600_000 });
    await box.advance("12m");
    expect([calls, box.container.running]).toEqual([["a"], false]);
  });

  it("30: an alarm that never comes is set anew by the next request", async () => {
    const box = await boxOf({ fields: { sleepAfter: "10m" } });
    await ready(box);
    box.inject({ kind: "alarm-lost" });
    await box.advance("10m");
    await ready(box);
    await box.advance("12m");
    expect([box.container.running, stops(box).length]).toEqual([false, 1]);
  });

  it("31: a hook that throws, never returns or is gone stands in nobody's way", async () => {
    const box = await boxOf({
      fields: { sleepAfter: "2m" },
      methods: {
        onStart: () => Promise.reject(new Error("start hook")),
        onStop: () => new Promise(() => {}),
        onActivityExpired: () => Promise.reject(new Error("expiry hook")),
      },
    });
    await ready(box);
    await box.advance("10m");
    expect(box.container.running).toBe(false);
    await ready(box);
    expect(box.starts).toBe(2);
    const { alarms } = box.bill();
    await box.advance("2h");
    expect(box.bill().alarms - alarms).toBeLessThan(20);
    const told = box.callsOf("onError").map(([error]) => String(error));
    expect(told.some((text) => text.includes("HOOK_FAILED"))).toBe(true);
  });

  it("32: a write that fails advances nothing: the object is reset, and the next one serves", async () => {
    const box = await boxOf();
    box.inject({ kind: "storage-fails", times: 1 });
    await box.fetch("/").catch(() => "reset");
    await ready(box);
    expect(box.starts).toBe(1);
    expect(box.callsOf("onStart")).toHaveLength(1);
  });

  it("33: storage that takes 2 s doubles no start", async () => {
    const box = await boxOf({ options: { bootMs: 100 } });
    box.inject({ kind: "storage-slow", writeMs: 2_000 });
    const answers = await Promise.all([1, 2, 3].map(() => answer(box.fetch("/"))));
    expect(answers.map(([status]) => status)).toEqual([200, 200, 200]);
    expect(box.starts).toBe(1);
  });

  it("37: a refusal of an overloaded object reaches the caller as it is, and starts nothing", async () => {
    const box = await boxOf();
    box.inject({ kind: "overloaded" });
    await expect(box.fetch("/")).rejects.toMatchObject({ overloaded: true });
    expect(box.starts).toBe(0);
  });

  it.each([3_600_000, -3_600_000])(
    "43: the clock jumps by %i ms: nothing in flight is cut, no task is lost",
    async (byMs) => {
      const calls: unknown[] = [];
      let gate: (() => void) | undefined;
      const box = await boxOf({
        fields: { sleepAfter: "10m" },
        options: {
          app: async (request) => {
            if (request.url.endsWith("/long"))
              await new Promise<void>((resolve) => (gate = resolve));
            return new Response("hi");
          },
        },
        methods: { tick: (payload: unknown) => void calls.push(payload) },
      });
      await ready(box);
      await box.call("schedule", 1_200, "tick", "a");
      const long = box.fetch("/long");
      await box.advance("30s");
      box.inject({ kind: "clock-jumps", byMs });
      await box.advance("30s");
      expect(box.container.running).toBe(true);
      gate?.();
      expect((await answer(long))[0]).toBe(200);
      await box.advance("3h");
      expect([calls, box.container.running]).toEqual([["a"], false]);
    },
  );
});
