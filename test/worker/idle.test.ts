import { evictDurableObject, runDurableObjectAlarm, runInDurableObject } from "cloudflare:test";
import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";
import { createBox, until, type TestBox } from "./box.ts";

const START = Date.UTC(2027, 0, 1);
const MINUTE = 60_000;
const HI = { app: () => new Response("hi") };

// Only Date: alarms and timers of the platform keep its own time, and none of them is due for long.
beforeEach(() => {
  vi.useFakeTimers({ toFake: ["Date"], now: START });
});
afterEach(() => {
  vi.useRealTimers();
});

function goTo(minutes: number): void {
  vi.setSystemTime(START + minutes * MINUTE);
}

/** The alarm, in minutes after the start. */
async function alarmOf(box: TestBox): Promise<number | null> {
  return await runInDurableObject(box.stub, async (_instance, state) => {
    const atMs = await state.storage.getAlarm();
    return atMs === null ? null : (atMs - START) / MINUTE;
  });
}

/** Lets time pass as the platform does: every alarm comes when it is due. */
async function passTo(box: TestBox, minutes: number): Promise<void> {
  for (;;) {
    const alarm = await alarmOf(box);
    if (alarm === null || alarm > minutes) break;
    goTo(alarm);
    await runDurableObjectAlarm(box.stub);
  }
  goTo(minutes);
}

/** An app whose answer goes on until it is told to end. */
function streamingApp(): { app: () => Response; send: (text: string) => void; end: () => void } {
  let controller: ReadableStreamDefaultController<Uint8Array> | undefined;
  const app = (): Response =>
    new Response(
      new ReadableStream<Uint8Array>({
        start: (own) => {
          controller = own;
          own.enqueue(new TextEncoder().encode("first"));
        },
      }),
      { headers: { "content-type": "text/event-stream" } },
    );
  return {
    app,
    send: (text) => controller?.enqueue(new TextEncoder().encode(text)),
    end: () => controller?.close(),
  };
}

describe("sleepAfter", () => {
  it("of a subclass field is honoured by the very first alarm", async () => {
    const box = createBox({ container: HI, fields: { sleepAfter: "2h" } });
    await (await box.get()).text();
    expect(await alarmOf(box)).toBe(120);
  });

  it("set by a method before the start is honoured by the first alarm", async () => {
    const box = createBox({ container: HI });
    await box.stub.setSleepAfter("60m");
    await (await box.get()).text();
    expect(await alarmOf(box)).toBe(60);
  });

  it.each([
    ["sooner", "1m", 3],
    ["later", "1h", 62],
  ])("changed while the container runs takes effect with the next request: %s", async (...row) => {
    const [, sleepAfter, stopAtMinutes] = row;
    const box = createBox({ container: HI });
    await (await box.get()).text();
    await box.stub.setSleepAfter(sleepAfter);
    goTo(2);
    await (await box.get()).text();
    for (let alarm = await alarmOf(box); alarm !== null; alarm = await alarmOf(box)) {
      goTo(alarm);
      await runDurableObjectAlarm(box.stub);
      if (box.hooks.includes("expired")) break;
    }
    expect((Date.now() - START) / MINUTE).toBe(stopAtMinutes);
    await until(() => box.stops.length === 1);
  });
});

describe("The idle alarm", () => {
  it("is set once, at the start, and no request moves it", async () => {
    const box = createBox({ container: HI });
    const setAlarm = await runInDurableObject(box.stub, (_instance, state) =>
      vi.spyOn(state.storage, "setAlarm"),
    );
    for (let minute = 0; minute < 9; minute += 1) {
      goTo(minute);
      await (await box.get()).text();
    }
    expect(setAlarm).toHaveBeenCalledTimes(1);
    expect(await alarmOf(box)).toBe(10);
  });

  it("does nothing before the idle time is over but to come again when it is", async () => {
    const box = createBox({ container: HI });
    await (await box.get()).text();
    goTo(4);
    await (await box.get()).text();
    goTo(10);
    expect(await runDurableObjectAlarm(box.stub)).toBe(true);
    expect(box.hooks).toEqual(["start"]);
    expect(await alarmOf(box)).toBe(14);
  });

  it("calls onActivityExpired, sends SIGTERM, and onStop is told idle; then none is left", async () => {
    const box = createBox({ container: HI });
    await (await box.get()).text();
    goTo(10);
    await runDurableObjectAlarm(box.stub);
    await until(() => box.stops.length === 1);
    expect(box.hooks).toEqual(["start", "expired", "stop"]);
    expect(box.container.signals).toEqual([15]);
    expect(box.stops[0]).toMatchObject({ cause: "idle", exitCode: 0 });
    expect(await alarmOf(box)).toBeNull();
    expect(await runDurableObjectAlarm(box.stub)).toBe(false);
  });

  it("sends one SIGTERM to an app that ignores it, and destroys it after the grace", async () => {
    const box = createBox({ container: HI, fields: { stopGrace: "2m" } });
    await (await box.get()).text();
    await runInDurableObject(box.stub, () => box.container.ignoreSigterm());
    goTo(10);
    await runDurableObjectAlarm(box.stub);
    await until(() => box.container.signals.length === 1);
    goTo(11);
    await runDurableObjectAlarm(box.stub);
    expect(box.container.destroys).toBe(0);
    expect(await alarmOf(box)).toBe(12);
    goTo(12);
    await runDurableObjectAlarm(box.stub);
    await until(() => box.stops.length === 1);
    expect(box.container.signals).toEqual([15]);
    expect(box.stops[0]).toMatchObject({ cause: "idle", exitCode: 137 });
  });

  it("stops the container when onActivityExpired throws: it must not run for ever", async () => {
    const hook = (): Promise<void> => Promise.reject(new Error("not now"));
    const box = createBox({ container: HI, onActivityExpired: hook });
    await (await box.get()).text();
    goTo(10);
    await runDurableObjectAlarm(box.stub);
    await until(() => box.stops.length === 1);
    expect(box.stops[0]).toMatchObject({ cause: "idle" });
    expect(box.errors.map(String)).toEqual(["Error: not now"]);
  });

  it("starts the idle time anew when onActivityExpired only returns", async () => {
    const box = createBox({ container: HI, onActivityExpired: async () => {} });
    await (await box.get()).text();
    for (const minute of [10, 11, 19]) {
      goTo(minute);
      await runDurableObjectAlarm(box.stub);
      expect(box.hooks).toEqual(["start", "expired"]);
    }
    expect(await alarmOf(box)).toBe(20);
    goTo(20);
    await runDurableObjectAlarm(box.stub);
    expect(box.hooks).toEqual(["start", "expired", "expired"]);
    expect(box.container.running).toBe(true);
  });

  it("does not call onActivityExpired again while that runs", async () => {
    const gate = Promise.withResolvers<void>();
    const box = createBox({ container: HI, onActivityExpired: () => gate.promise });
    await (await box.get()).text();
    for (const minute of [10, 11, 12]) {
      goTo(minute);
      await runDurableObjectAlarm(box.stub);
    }
    expect(box.hooks).toEqual(["start", "expired"]);
    await runInDurableObject(box.stub, () => gate.resolve());
  });

  it("stops the container when onActivityExpired has not returned after a quarter of an hour", async () => {
    const gate = Promise.withResolvers<void>();
    const box = createBox({ container: HI, onActivityExpired: () => gate.promise });
    await (await box.get()).text();
    await passTo(box, 24);
    expect(box.hooks).toEqual(["start", "expired"]);
    await passTo(box, 26);
    await until(() => box.stops.length === 1);
    expect(box.stops[0]).toMatchObject({ cause: "idle" });
    await runInDurableObject(box.stub, () => gate.resolve());
  });

  it("is set anew at construction when it is overdue", async () => {
    const box = createBox({ container: HI });
    await (await box.get()).text();
    await evictDurableObject(box.stub);
    goTo(20);
    const alarm = await alarmOf(box);
    expect(alarm).toBeGreaterThan(20);
    expect(alarm).toBeLessThan(20.1);
    await runDurableObjectAlarm(box.stub);
    await until(() => box.stops.length === 1);
    expect(box.stops[0]).toMatchObject({ cause: "idle" });
  });

  it("stops a container 1 minute after an eviction that came at minute 9 of 10", async () => {
    const box = createBox({ container: HI });
    await (await box.get()).text();
    goTo(9);
    await evictDurableObject(box.stub);
    expect(await box.stub.getState()).toMatchObject({ status: "healthy" });
    expect(await alarmOf(box)).toBe(10);
    goTo(10);
    await runDurableObjectAlarm(box.stub);
    await until(() => box.stops.length === 1);
  });

  it("remembers through an eviction what a late request did, to 5 % of sleepAfter", async () => {
    const box = createBox({ container: HI });
    for (const minute of [0, 5, 5.4]) {
      goTo(minute);
      await (await box.get()).text();
    }
    await evictDurableObject(box.stub);
    goTo(10);
    await runDurableObjectAlarm(box.stub);
    expect(box.hooks).toEqual(["start"]);
    expect(await alarmOf(box)).toBeGreaterThanOrEqual(15);
    expect(await alarmOf(box)).toBeLessThanOrEqual(15.4);
  });
});

describe("What keeps an instance awake", () => {
  it("is an answer that still streams, even in silence, and its end starts the idle time", async () => {
    const stream = streamingApp();
    let isReady = false;
    const app = (): Response => (isReady ? stream.app() : new Response());
    const box = createBox({ container: { app } });
    await box.stub.startAndWaitForPorts();
    isReady = true;
    const reader = (await box.get()).body?.getReader();
    expect(new TextDecoder().decode((await reader?.read())?.value)).toBe("first");
    goTo(10);
    await runDurableObjectAlarm(box.stub);
    expect(box.hooks).toEqual(["start"]);
    goTo(15);
    await runInDurableObject(box.stub, () => stream.send("more"));
    expect(new TextDecoder().decode((await reader?.read())?.value)).toBe("more");
    await runInDurableObject(box.stub, () => stream.end());
    expect((await reader?.read())?.done).toBe(true);
    goTo(20);
    await runDurableObjectAlarm(box.stub);
    expect(box.hooks).toEqual(["start"]);
    expect(await alarmOf(box)).toBe(25);
  });

  it("is not for ever a body that nobody reads", async () => {
    const stream = streamingApp();
    let isReady = false;
    const app = (): Response => (isReady ? stream.app() : new Response());
    const box = createBox({ container: { app } });
    await box.stub.startAndWaitForPorts();
    isReady = true;
    const response = await box.get();
    await passTo(box, 14);
    expect(box.hooks).toEqual(["start"]);
    await passTo(box, 31);
    await until(() => box.stops.length === 1);
    expect(box.stops[0]).toMatchObject({ cause: "idle" });
    await response.body?.cancel();
  });

  it("is not for ever a request that the app never answers, and its end starts nothing", async () => {
    const box = createBox({ container: HI });
    await (await box.get()).text();
    await runInDurableObject(box.stub, () => box.container.wedge());
    const pending = box.get();
    await until(() => box.container.requests === 3);
    await passTo(box, 14);
    expect(box.hooks).toEqual(["start"]);
    await passTo(box, 31);
    const response = await pending;
    expect(response.headers.get("x-berth-error")).toBe("CONNECTION_LOST");
    await response.body?.cancel();
    await until(() => box.stops.length === 1);
    expect(box.container.starts).toHaveLength(1);
  });

  it("is a boot that outlasts sleepAfter while somebody waits for it", async () => {
    const boot = Promise.withResolvers<void>();
    const box = createBox({
      container: { ...HI, boot: () => boot.promise },
      fields: { sleepAfter: "1m" },
    });
    const pending = box.get();
    await until(() => box.container.probes > 0);
    goTo(5);
    await runDurableObjectAlarm(box.stub);
    expect(box.container.signals).toEqual([]);
    await runInDurableObject(box.stub, () => boot.resolve());
    expect(await (await pending).text()).toBe("hi");
  });

  it("is an onStart that outlasts sleepAfter", async () => {
    const gate = Promise.withResolvers<void>();
    const box = createBox({
      container: HI,
      fields: { sleepAfter: "1m" },
      onStart: () => gate.promise,
    });
    const pending = box.get();
    await until(() => box.hooks.length === 1);
    goTo(5);
    await runDurableObjectAlarm(box.stub);
    expect(box.hooks).toEqual(["start"]);
    await runInDurableObject(box.stub, () => gate.resolve());
    expect(await (await pending).text()).toBe("hi");
  });

  it("is renewActivityTimeout()", async () => {
    const box = createBox({ container: HI });
    await (await box.get()).text();
    goTo(7);
    await box.stub.renewActivityTimeout();
    goTo(10);
    await runDurableObjectAlarm(box.stub);
    expect(box.hooks).toEqual(["start"]);
    expect(await alarmOf(box)).toBe(17);
  });

  it("is not getState(), which does not wake a container either", async () => {
    const box = createBox({ container: HI });
    expect(await box.stub.getState()).toMatchObject({ status: "stopped" });
    expect(box.container.starts).toEqual([]);
    expect(await alarmOf(box)).toBeNull();
    await (await box.get()).text();
    for (const minute of [3, 6, 9]) {
      goTo(minute);
      await box.stub.getState();
    }
    goTo(10);
    await runDurableObjectAlarm(box.stub);
    await until(() => box.stops.length === 1);
    expect(box.hooks).toEqual(["start", "expired", "stop"]);
  });
});

describe("setInactivityTimeout()", () => {
  it("is called at the start, for longer than sleepAfter and stopGrace", async () => {
    const box = createBox({ container: HI, fields: { sleepAfter: "10m", stopGrace: "30s" } });
    await (await box.get()).text();
    expect(box.container.inactivityTimeouts).toHaveLength(1);
    expect(box.container.inactivityTimeouts[0]).toBeGreaterThan(10.5 * MINUTE);
  });

  it("is called again as activity moves on, and after an eviction", async () => {
    const box = createBox({ container: HI });
    await (await box.get()).text();
    goTo(5);
    await (await box.get()).text();
    expect(box.container.inactivityTimeouts).toHaveLength(2);
    await evictDurableObject(box.stub);
    await box.stub.getState();
    expect(box.container.inactivityTimeouts).toHaveLength(3);
  });
});

describe("alarm()", () => {
  it("does not throw when a task cannot be found, the storage is empty, or a setting is wrong", async () => {
    const box = createBox({ container: HI });
    await (await box.get()).text();
    await runInDurableObject(box.stub, async (instance, state) => {
      await instance.schedule(0, "tick", "x");
      instance.sleepAfter = "for ever";
      state.storage.sql.exec("DROP TABLE container_schedules");
      await instance.alarm();
      await instance.alarm();
    });
    expect(box.container.running).toBe(true);
    expect(await alarmOf(box)).toBeGreaterThan(9);
  });
});
