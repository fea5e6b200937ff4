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

describe("Faults of a run", () => {
  it("3: an end with 50 requests in flight: each answered once, idempotent ones by the next run", async () => {
    const seen = new Map<string, number>();
    let isSlow = true;
    const box = await boxOf({
      options: {
        app: async (request) => {
          const { pathname } = new URL(request.url);
          if (pathname === "/") return new Response("hi");
          seen.set(pathname, (seen.get(pathname) ?? 0) + 1);
          if (isSlow) await new Promise(() => {});
          return new Response(pathname);
        },
      },
    });
    await ready(box);
    const sent = Array.from({ length: 50 }, (_, index) =>
      box.fetch(`/r${index}`, { method: index % 2 === 0 ? "GET" : "POST" }),
    );
    await box.advance("1s");
    isSlow = false;
    box.crash();
    const statuses = (await Promise.all(sent.map(answer))).map(([status]) => status);
    expect(statuses.filter((_, index) => index % 2 === 0)).toEqual(Array(25).fill(200));
    expect(statuses.filter((_, index) => index % 2 === 1)).toEqual(Array(25).fill(502));
    for (let index = 0; index < 50; index += 1) {
      expect(seen.get(`/r${index}`)).toBe(index % 2 === 0 ? 2 : 1);
    }
    expect(box.starts).toBe(2);
  });

  it("4: an exit while draining ends it: onStop once, no restart", async () => {
    let isLong = false;
    const box = await boxOf({
      options: { app: () => (isLong ? new Promise<Response>(() => {}) : new Response("hi")) },
    });
    await ready(box);
    isLong = true;
    const response = box.fetch("/", { method: "POST" });
    await box.advance("1s");
    await box.call("stop");
    expect(await box.call("peek")).toMatchObject({ phase: "draining" });
    box.container.exit();
    await response.catch(() => "gone");
    await box.advance("5m");
    expect([box.starts, stops(box).length]).toEqual([1, 1]);
    expect(stops(box)[0]).toMatchObject({ cause: "stop", exitCode: 0 });
  });

  it("5: an exit with 0 by itself is told with the code that was seen, and is no crash", async () => {
    const box = await boxOf();
    await ready(box);
    box.container.exit();
    await ready(box);
    await box.advance("5s");
    expect(stops(box)).toMatchObject([{ cause: "exit", exitCode: 0 }]);
    expect(await box.call("peek")).toMatchObject({ crashes: 0 });
  });

  it("9: an app that takes requests and answers none is replaced, and pins nothing", async () => {
    let isHanging = false;
    const box = await boxOf({
      fields: { requestTimeout: "10s", sleepAfter: "5m" },
      options: {
        app: () =>
          isHanging && box.starts === 1 ? new Promise<Response>(() => {}) : new Response("hi"),
      },
    });
    await ready(box);
    isHanging = true;
    expect((await answer(box.fetch("/")))[0]).toBe(200);
    expect(box.starts).toBe(2);
    await box.advance("10m");
    expect(await box.call("peek")).toMatchObject({
      isRunning: false,
      leases: { request: 0, stream: 0, socket: 0, wait: 0, exec: 0 },
    });
  });

  it("9: without any setting, five minutes of utter silence are enough", async () => {
    let isHanging = false;
    const box = await boxOf({
      options: {
        app: () =>
          isHanging && box.starts === 1 ? new Promise<Response>(() => {}) : new Response("hi"),
      },
    });
    await ready(box);
    isHanging = true;
    const began = Date.now();
    expect((await answer(box.fetch("/")))[0]).toBe(200);
    expect(box.starts).toBe(2);
    expect(Date.now() - began).toBeLessThan(7 * 60_000);
  });

  it("9: a liveness check that fails three times has the container replaced", async () => {
    let isAlive = true;
    const box = await boxOf({
      fields: { liveness: { check: () => isAlive, every: "10s", failures: 3 } },
      options: {
        app: (request) =>
          request.url.endsWith("/long") && box.starts === 1
            ? new Promise<Response>(() => {})
            : new Response("hi"),
      },
    });
    await ready(box);
    const response = box.fetch("/long");
    await box.advance("1m");
    expect(box.starts).toBe(1);
    isAlive = false;
    expect((await answer(response))[0]).toBe(200);
    expect(box.starts).toBe(2);
  });

  it("10: a port that flaps each second keeps its run", async () => {
    const box = await boxOf();
    await ready(box);
    for (let turn = 0; turn < 20; turn += 1) {
      box.container.setPortOpen(8080, turn % 2 === 1);
      const response = box.fetch("/");
      await box.advance("1s");
      if (turn % 2 === 1) expect((await answer(response))[0]).toBe(200);
      else void answer(response);
    }
    expect([box.starts, box.container.destroys]).toEqual([1, 0]);
  });

  it("14: SIGTERM ignored: destroy() by the end of the grace", async () => {
    const box = await boxOf({ fields: { stopGrace: "20s" } });
    await ready(box);
    box.container.ignoreSigterm();
    await box.call("stop");
    await box.advance("19s");
    expect(box.container.running).toBe(true);
    await box.advance("3s");
    expect([box.container.running, box.container.signals]).toEqual([false, [15]]);
  });

  it.each(["failDestroys", "hangDestroys"] as const)(
    "15: destroy() is repeated each 30 s until it works (%s)",
    async (how) => {
      const box = await boxOf();
      await ready(box);
      box.container.faults[how](3);
      void box.stub.call("destroy", []).catch(() => "failed");
      await box.advance("80s");
      expect([box.container.running, box.starts]).toEqual([true, 1]);
      await box.advance("30s");
      expect(box.container.running).toBe(false);
      expect(stops(box)).toMatchObject([{ cause: "destroy" }]);
    },
  );

  it("34: an internal error of monitor() is no end while the app lives", async () => {
    const box = await boxOf({ options: { stopMs: 3_000 } });
    await ready(box);
    box.container.faults.breakMonitor("fails");
    await box.call("stop");
    await box.advance("2s");
    expect(stops(box)).toEqual([]);
    await box.advance("5s");
    expect([box.container.running, stops(box).length]).toEqual([false, 1]);
  });

  it("35: an end that monitor() never tells is noticed all the same, its code unknown", async () => {
    const box = await boxOf();
    await ready(box);
    box.container.faults.breakMonitor("hangs");
    box.container.exit();
    await ready(box);
    await box.advance("5s");
    expect(stops(box)).toMatchObject([{ exitCode: null, cause: "unknown" }]);
  });

  it.each([
    ["GET", "before", 200],
    ["GET", "after", 200],
    ["POST", "after", 502],
  ] as const)(
    "36: a connection lost once, %s %s the app got it: %i",
    async (method, when, status) => {
      const box = await boxOf();
      await ready(box);
      const before = box.container.requests;
      box.container.faults.cutRequest(when);
      expect((await answer(box.fetch("/", { method })))[0]).toBe(status);
      expect(box.container.requests - before).toBeLessThanOrEqual(
        when === "after" && status === 200 ? 2 : 1,
      );
      expect(box.starts).toBe(1);
    },
  );

  it("53: a rollout that comes unasked lets what is in flight finish, and the next run serves", async () => {
    let gate: (() => void) | undefined;
    const box = await boxOf({
      options: {
        app: async (request) => {
          if (request.url.endsWith("/long")) await new Promise<void>((resolve) => (gate = resolve));
          return new Response(`run ${box.starts}`);
        },
      },
    });
    await ready(box);
    const long = box.fetch("/long");
    await box.advance("1s");
    box.container.rolloutGracefully(20_000);
    const next = box.fetch("/next");
    await box.advance("10s");
    gate?.();
    expect(await answer(long)).toEqual([200, "run 1"]);
    expect(await answer(next)).toEqual([200, "run 2"]);
    await box.advance("5s");
    expect(stops(box).map(({ runId }) => runId)).toEqual([1]);
  });

  it("54: a record of another version is read, what it does not know is ignored", async () => {
    const box = await boxOf();
    await ready(box);
    const record = box.host.data.get("__CF_CONTAINER_STATE") as { berth: Record<string, unknown> };
    const { phase, outbox } = record.berth["lifecycle"] as Record<string, unknown>;
    const old = { ...record, future: 1, berth: { lifecycle: { phase, outbox }, novelty: [2] } };
    box.host.data.put("__CF_CONTAINER_STATE", old);
    box.evict();
    await ready(box);
    expect(box.starts).toBe(1);
    expect(await box.call("usage")).toMatchObject({ starts: 0 });
  });
});
