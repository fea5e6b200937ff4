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

describe("Faults of a start", () => {
  it("1: a process that exits at once is started anew twice, then 503 with Retry-After", async () => {
    const box = await boxOf();
    box.container.faults.exitAfterStart = { afterMs: 0, exitCode: 1 };
    const response = await box.fetch("/");
    expect([response.status, response.headers.get("x-berth-error")]).toEqual([503, "EXITED"]);
    expect(Number(response.headers.get("retry-after"))).toBeGreaterThan(0);
    expect(box.starts).toBe(3);
    await box.advance("1m");
    expect(stops(box).map(({ runId }) => runId)).toEqual([1, 2, 3]);
    expect(box.callsOf("onStart").length).toBeLessThanOrEqual(3);
  });

  it("2: requests that wait while it dies in its boot are served by the next run", async () => {
    const box = await boxOf({ options: { bootMs: 10_000 } });
    const waiting = [box.fetch("/a"), box.fetch("/b")];
    await box.advance("5s");
    box.crash();
    expect((await Promise.all(waiting.map(answer))).map(([status]) => status)).toEqual([200, 200]);
    expect(box.starts).toBe(2);
  });

  it("6: an app whose port never opens is destroyed at bootTimeout, then started anew", async () => {
    const box = await boxOf({
      fields: { startup: { readyTimeout: "40s", bootTimeout: "90s" } },
      options: { ports: [] },
    });
    for (let attempt = 0; attempt < 3; attempt += 1) {
      expect((await answer(box.fetch("/")))[0]).toBe(503);
    }
    expect(box.starts).toBeGreaterThanOrEqual(2);
    expect(box.container.destroys).toBeGreaterThanOrEqual(1);
    expect(String(box.callsOf("onError")[0]?.[0])).toContain("BOOT_TIMEOUT");
    await box.advance("30m");
    expect(box.container.running).toBe(false);
  });

  it("7: starts of which nothing ever runs are overcome within six boot timeouts", async () => {
    const BOOT_MS = 20_000;
    let ready = 0;
    for (let seed = 1; seed <= 60; seed += 1) {
      const box = await boxOf({
        fields: { startup: { readyTimeout: "10m", bootTimeout: BOOT_MS / 1_000 } },
        options: {
          seed,
          boot: () => (box.world.random() < 0.31 ? new Promise(() => {}) : Promise.resolve()),
        },
      });
      const began = Date.now();
      const [status] = await answer(box.fetch("/"));
      if (status === 200) ready += 1;
      expect(Date.now() - began).toBeLessThan(6 * BOOT_MS + 63_000);
      box.close();
    }
    expect(ready).toBe(60);
  });

  it("8: a boot of 90 s that reports progress lives; one that does not ends at its limit", async () => {
    const plan = {
      fields: { startup: { readyTimeout: "5m", bootTimeout: "40s" } },
      options: { bootMs: 90_000 },
    };
    const box = await boxOf(plan);
    const response = box.fetch("/");
    for (let turn = 0; turn < 4; turn += 1) {
      await box.advance("20s");
      await box.call("reportProgress");
    }
    expect((await answer(response))[0]).toBe(200);
    expect(box.starts).toBe(1);
    const silent = await boxOf(plan);
    const given = silent.fetch("/");
    await silent.advance("60s");
    expect(silent.starts).toBeGreaterThan(1);
    await given.catch(() => "gone");
  });

  it("13: a loop of crashes comes ever later, fails after ten, and heals by a trial", async () => {
    const box = await boxOf();
    box.container.faults.exitAfterStart = { afterMs: 0, exitCode: 137 };
    const startsAtMs: number[] = [];
    const start = box.container.start.bind(box.container);
    box.container.start = (options) => {
      startsAtMs.push(Date.now());
      start(options);
    };
    while (startsAtMs.length < 10) {
      await answer(box.fetch("/"));
      await box.advance("1s");
    }
    const gaps = startsAtMs
      .slice(1)
      .map((atMs, index) => (atMs - (startsAtMs[index] ?? 0)) / 1_000);
    for (const [index, least] of [0, 1, 2, 4, 8, 16, 32, 60, 60].entries()) {
      expect(gaps[index]).toBeGreaterThanOrEqual(least * 0.8);
    }
    const refused = await box.fetch("/");
    expect(refused.headers.get("x-berth-error")).toBe("CRASH_LOOP");
    await refused.text();
    expect(await box.call("peek")).toMatchObject({ phase: "failed" });
    box.container.faults.exitAfterStart = undefined;
    await box.advance("75s");
    await ready(box);
    expect(startsAtMs).toHaveLength(11);
  });

  it("16: a start() that says already running is adopted, and no error", async () => {
    const box = await boxOf();
    const start = box.container.start.bind(box.container);
    box.container.start = (options) => {
      start(options);
      throw new Error("start() cannot be called on a container that is already running.");
    };
    await ready(box);
    expect(box.starts).toBe(1);
  });

  it("17: no instance for a while is no crash: it is tried again, and served", async () => {
    const box = await boxOf();
    box.container.faults.refuseStarts("there is no container instance that can be provided", 5);
    await ready(box);
    expect(box.starts).toBe(6);
    expect(await box.call("peek")).toMatchObject({ crashes: 0, phase: "ready" });
    expect(stops(box)).toEqual([]);
  });

  it("18: a limit of starts is 429, and instances that were refused together part", async () => {
    const firstRetries: number[] = [];
    for (const seed of [1, 2, 3, 4]) {
      const box = await boxOf({ options: { seed } });
      box.container.faults.refuseStarts("you are starting too many containers per second", 1_000);
      const atMs: number[] = [];
      const start = box.container.start.bind(box.container);
      box.container.start = (options) => {
        atMs.push(Date.now());
        start(options);
      };
      const response = await box.fetch("/");
      expect([response.status, response.headers.get("retry-after")]).toEqual([429, "1"]);
      firstRetries.push((atMs[3] ?? 0) - (atMs[0] ?? 0));
      await response.text();
    }
    expect(new Set(firstRetries).size).toBeGreaterThan(2);
  });

  it("44: 500 first requests at once make exactly one start, and each is answered", async () => {
    const box = await boxOf({ options: { bootMs: 2_000 } });
    const answers = await Promise.all(
      Array.from({ length: 500 }, (_, index) => answer(box.fetch(`/${index}`))),
    );
    expect(new Set(answers.map(([status]) => status))).toEqual(new Set([200]));
    expect([box.starts, box.callsOf("onStart").length]).toEqual([1, 1]);
  });
});
