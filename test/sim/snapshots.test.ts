import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";
import { Container, ContainerProxy, snapshot, type SnapshotInfo } from "../../src/index.ts";
import { FakeSnapshots, type SimulationOptions } from "../../src/testing.ts";
import { answer, boxOf as boxFor, stops, type AppPlan, type Box } from "./scenarios/scenario.ts";

type Plan = AppPlan & { readonly options?: SimulationOptions };

const V1 = { base: "registry.example/app@sha256:1", other: "registry.example/other@sha256:1" };
const V2 = { base: "registry.example/app@sha256:2", other: "registry.example/other@sha256:1" };
const DAY = 86_400_000;

/** A class that keeps its files, and says what goes wrong. */
async function boxOf(plan: Plan = {}): Promise<Box> {
  return await boxFor(
    { name: "berth", Container, ContainerProxy },
    {
      ...plan,
      fields: { image: "base", sleepAfter: "10m", persist: snapshot(), ...plan.fields },
      options: { images: { ...V1 }, patience: "1000d", ...plan.options },
    },
  );
}

beforeEach(() => {
  vi.spyOn(console, "error").mockReturnValue(undefined);
});
afterEach(() => {
  vi.restoreAllMocks();
});

async function ready(box: Box): Promise<void> {
  expect((await answer(box.fetch("/")))[0]).toBe(200);
}

/** Lets it fall asleep. */
async function sleep(box: Box): Promise<void> {
  await box.advance("15m");
  expect(box.container.running).toBe(false);
}

const list = async (box: Box): Promise<SnapshotInfo[]> => await box.call("listSnapshots");
const errors = (box: Box): string[] => box.callsOf("onError").map(([error]) => String(error));

/** What each run began with: a snapshot's id, or an image. */
const sources = (box: Box): unknown[] =>
  box.container.starts.map((options) => options?.containerSnapshot?.id ?? options?.image);

describe("Snapshots across sleep", () => {
  it("are taken before the idle stop and restored at the next start", async () => {
    const box = await boxOf();
    await ready(box);
    await sleep(box);
    expect(stops(box)).toMatchObject([{ cause: "idle" }]);
    expect(await list(box)).toMatchObject([{ id: "snapshot-1", image: V1.base, name: null }]);
    await ready(box);
    expect(box.container.starts[1]).toEqual({
      enableInternet: true,
      containerSnapshot: { id: "snapshot-1" },
    });
    await sleep(box);
    await ready(box);
    expect(sources(box)).toEqual([V1.base, "snapshot-1", "snapshot-2"]);
    expect(errors(box)).toEqual([]);
  });

  it("come after the drain and onBeforeSnapshot, and before the signal", async () => {
    const order: string[] = [];
    const onBeforeSnapshot = async function (this: {
      readonly ctx: DurableObjectState;
    }): Promise<void> {
      order.push("hook");
      const port = this.ctx.container?.getTcpPort(8080);
      await (await port?.fetch("http://app/flush"))?.text();
    };
    const box = await boxOf({
      methods: { onBeforeSnapshot },
      options: {
        app: (request) => {
          const { pathname } = new URL(request.url);
          if (pathname === "/flush") order.push("flush");
          return new Response("hi");
        },
      },
    });
    await ready(box);
    const take = box.container.snapshots.take.bind(box.container.snapshots);
    box.container.snapshots.take = async (...args) => {
      order.push(`snapshot, ${box.container.signals.length} signals`);
      return await take(...args);
    };
    await box.call("stop");
    await box.advance("5s");
    expect(order).toEqual(["hook", "flush", "snapshot, 0 signals"]);
    expect(box.container.signals).toEqual([15]);
  });

  it.each([
    [["idle"], "stop", 0],
    [["stop"], "stop", 1],
    [["idle"], "idle", 1],
    [["stop"], "idle", 0],
  ] as const)("on %j: a stop by %s takes %i", async (on, how, count) => {
    const box = await boxOf({ fields: { persist: snapshot({ on }) } });
    await ready(box);
    if (how === "stop") await box.call("stop");
    await sleep(box);
    expect(await list(box)).toHaveLength(count);
  });

  it.each(["destroy", "kill"])("are not taken where it is to end at once: %s", async (how) => {
    const box = await boxOf();
    await ready(box);
    if (how === "destroy") await box.call("destroy");
    else await box.call("stop", "SIGKILL");
    await sleep(box);
    expect(await list(box)).toEqual([]);
  });

  it("are not taken of a container that never came up", async () => {
    const box = await boxOf({ options: { ports: [], startMs: 20_000 } });
    const waiting = box.call("start");
    await box.advance("1s");
    await box.call("stop");
    await box.advance("1m");
    await expect(waiting).rejects.toThrow(/EXITED/);
    expect([await list(box), box.container.running]).toEqual([[], false]);
  });

  it("hold requests for the next run, which has what was kept", async () => {
    const box = await boxOf();
    await ready(box);
    const gate = Promise.withResolvers<void>();
    const take = box.container.snapshots.take.bind(box.container.snapshots);
    box.container.snapshots.take = async (...args) => {
      await gate.promise;
      return await take(...args);
    };
    await box.call("stop");
    const waiting = box.fetch("/");
    await box.advance("20s");
    expect(await box.call("peek")).toMatchObject({ phase: "saving" });
    expect(await box.call("getState")).toMatchObject({ status: "stopping" });
    gate.resolve();
    expect((await answer(waiting))[0]).toBe(200);
    expect(sources(box)).toEqual([V1.base, "snapshot-1"]);
  });

  it("that are many: the latest `keep` are remembered", async () => {
    const box = await boxOf({ fields: { persist: snapshot({ keep: 2 }) } });
    for (let night = 0; night < 4; night += 1) {
      await ready(box);
      await sleep(box);
    }
    expect((await list(box)).map(({ id }) => id)).toEqual(["snapshot-3", "snapshot-4"]);
  });
});

describe("A snapshot that goes wrong", () => {
  it("is told, and the last good one stays", async () => {
    const box = await boxOf();
    await ready(box);
    await sleep(box);
    await ready(box);
    box.container.snapshots.fail("internal error; reference = abc");
    await sleep(box);
    expect(errors(box)).toMatchObject([expect.stringContaining("[SNAPSHOT_FAILED]")]);
    await ready(box);
    expect(sources(box)).toEqual([V1.base, "snapshot-1", "snapshot-1"]);
  });

  it("that hangs holds the stop up for its timeout, and no longer", async () => {
    const box = await boxOf({ fields: { persist: snapshot({ timeout: "20s" }) } });
    await ready(box);
    box.container.snapshots.hang(1);
    await box.call("stop");
    await box.advance("19s");
    expect(box.container.running).toBe(true);
    await box.advance("3s");
    expect(box.container.running).toBe(false);
    expect(errors(box)).toMatchObject([expect.stringContaining("more than 20000 ms")]);
  });

  it("for its hook is not taken: the files may not be whole", async () => {
    const onBeforeSnapshot = (): void => {
      throw new Error("cannot flush");
    };
    const box = await boxOf({ methods: { onBeforeSnapshot } });
    await ready(box);
    await sleep(box);
    expect(errors(box)).toMatchObject([
      expect.stringContaining("cannot flush"),
      expect.stringContaining("[SNAPSHOT_FAILED]"),
    ]);
    expect(await list(box)).toEqual([]);
  });

  it("for an object that dies under it is taken by the next one, in the same time", async () => {
    const box = await boxOf({ fields: { persist: snapshot({ timeout: "60s" }) } });
    await ready(box);
    box.container.snapshots.hang(1);
    await box.call("stop");
    await box.advance("5s");
    box.evict();
    await box.advance("1s");
    expect(await box.call("peek")).toMatchObject({ phase: "saving" });
    await box.advance("5s");
    expect([box.container.running, (await list(box)).length]).toEqual([false, 1]);
  });

  it("for objects that die under it again and again ends with the stop", async () => {
    const box = await boxOf({ fields: { persist: snapshot({ timeout: "60s" }) } });
    await ready(box);
    box.container.snapshots.hang(1_000);
    await box.call("stop");
    for (let death = 0; death < 30; death += 1) {
      await box.advance("3s");
      box.evict();
      await box.call("peek");
    }
    await box.advance("35s");
    expect(box.container.running).toBe(false);
    expect(stops(box)).toMatchObject([{ cause: "stop" }]);
  });

  it("because the runtime has none names the policy, before anything starts", async () => {
    const box = await boxOf();
    Object.assign(box.container, { snapshotContainer: undefined });
    await expect(box.call("start")).rejects.toThrow(/\[POLICY_REQUIRED\].*"durable_object"/);
    expect(box.starts).toBe(0);
  });
});

describe("A start from a snapshot", () => {
  it("of another image is a clean boot, and told", async () => {
    const box = await boxOf();
    await ready(box);
    await sleep(box);
    Object.assign(box.container.images, V2);
    box.deploy();
    await ready(box);
    expect(sources(box)).toEqual([V1.base, V2.base]);
    expect(errors(box)).toMatchObject([expect.stringContaining("[SNAPSHOT_UNUSABLE]")]);
    await sleep(box);
    Object.assign(box.container.images, V1); // rolled back
    box.deploy();
    await ready(box);
    expect(sources(box).at(-1)).toBe("snapshot-1");
  });

  it("that has expired is a clean boot, and told", async () => {
    const box = await boxOf();
    await ready(box);
    await sleep(box);
    await box.advance("30d");
    box.container.snapshots.loseAll();
    await ready(box);
    expect(sources(box)).toEqual([V1.base, V1.base]);
    expect(errors(box)).toMatchObject([expect.stringContaining("expired, after 30 days")]);
  });

  it("gives it a new life of 30 days", async () => {
    const box = await boxOf({ fields: { persist: snapshot({ on: ["stop"] }) } });
    await ready(box);
    await box.call("stop");
    await sleep(box);
    for (let month = 0; month < 3; month += 1) {
      await box.advance("29d");
      await ready(box);
      await sleep(box);
    }
    expect(sources(box)).toEqual([V1.base, "snapshot-1", "snapshot-1", "snapshot-1"]);
  });

  it("that the platform refuses is followed by a clean boot for the same caller", async () => {
    const box = await boxOf();
    await ready(box);
    await sleep(box);
    box.container.snapshots.loseAll();
    await ready(box);
    expect(sources(box)).toEqual([V1.base, "snapshot-1", V1.base]);
    expect(errors(box)).toMatchObject([expect.stringContaining("refused to start from it")]);
    await sleep(box);
    await ready(box);
    expect(sources(box).at(-1)).toBe("snapshot-2");
  });

  it("is tried again once it shows that the image does not start either", async () => {
    const box = await boxOf();
    await ready(box);
    await sleep(box);
    box.container.faults.refuseStarts("Container failed to start", 2);
    const response = await box.fetch("/");
    await response.text();
    expect(response.headers.get("x-berth-error")).toBe("START_FAILED");
    await box.advance("5s");
    await ready(box);
    expect(sources(box)).toEqual([V1.base, "snapshot-1", V1.base, "snapshot-1"]);
  });

  it("that finds no room is tried again as it is", async () => {
    const box = await boxOf();
    await ready(box);
    await sleep(box);
    box.container.faults.refuseStarts("there is no container instance that can be provided", 2);
    await ready(box);
    expect(sources(box)).toEqual([V1.base, "snapshot-1", "snapshot-1", "snapshot-1"]);
    expect(errors(box)).toEqual([]);
  });

  it("follows a crash, too", async () => {
    const box = await boxOf();
    await ready(box);
    await sleep(box);
    await ready(box);
    box.crash();
    await ready(box);
    expect(sources(box)).toEqual([V1.base, "snapshot-1", "snapshot-1"]);
  });
});

describe("refresh", () => {
  it("starts a container that sleeps, and takes another one, before the platform deletes it", async () => {
    const box = await boxOf({ fields: { persist: snapshot({ refresh: "20d" }) } });
    await ready(box);
    await sleep(box);
    await box.advance("19d");
    expect(box.starts).toBe(1);
    await box.advance("2d");
    expect([box.starts, box.container.running]).toEqual([2, false]);
    await box.advance("60d");
    expect(box.starts).toBe(5);
    await ready(box);
    expect(sources(box)).not.toContain(undefined);
    expect(sources(box).slice(1)).not.toContain(V1.base);
    expect(errors(box)).toEqual([]);
    expect(box.alarms).toBeLessThan(40);
  });

  it("takes one of a container that runs on", async () => {
    const box = await boxOf({
      fields: { persist: snapshot({ refresh: "1d" }), sleepAfter: "90d" },
    });
    await ready(box);
    await box.call("snapshot");
    await box.advance("5d");
    expect([box.starts, (await list(box)).length]).toEqual([1, 3]);
    expect((await list(box)).at(-1)?.takenAtMs).toBeGreaterThan(Date.now() - DAY);
  });

  it("that fails is tried once an hour, and given up when there is nothing left to save", async () => {
    const box = await boxOf({ fields: { persist: snapshot({ refresh: "29d" }) } });
    await ready(box);
    await sleep(box);
    box.container.faults.refuseStarts("you are starting too many containers per second", 1_000_000);
    await box.advance("40d");
    const tried = box.alarms;
    expect(tried).toBeLessThan(200);
    await box.advance("40d");
    expect(box.alarms).toBe(tried);
  });

  it("is left for a snapshot of another image", async () => {
    const box = await boxOf({ fields: { persist: snapshot({ refresh: "20d" }) } });
    await ready(box);
    await sleep(box);
    Object.assign(box.container.images, V2);
    box.deploy();
    await box.advance("29d");
    expect(box.starts).toBe(1);
  });
});

describe("snapshot() and restore()", () => {
  it("take one by name and go back to it, in place of later ones", async () => {
    const box = await boxOf();
    await ready(box);
    const taken = await box.call("snapshot", { name: "before-upgrade" });
    expect(taken).toMatchObject({
      id: "snapshot-1",
      name: "before-upgrade",
      sizeBytes: 1_024,
      image: V1.base,
    });
    expect(taken.expiresAtMs - taken.takenAtMs).toBe(30 * DAY);
    await sleep(box);
    await ready(box);
    await box.call("restore", taken);
    expect(sources(box)).toEqual([V1.base, "snapshot-2", "snapshot-1"]);
    box.crash();
    await ready(box);
    expect(sources(box).at(-1)).toBe("snapshot-1");
  });

  it("work without persist: the run after that is of the image again", async () => {
    const box = await boxOf({ fields: { persist: undefined } });
    await ready(box);
    const taken = await box.call("snapshot");
    await sleep(box);
    await box.call("restore", { id: taken.id });
    await sleep(box);
    await ready(box);
    expect(sources(box)).toEqual([V1.base, "snapshot-1", V1.base]);
  });

  it("take the snapshot of another object", async () => {
    const snapshots = new FakeSnapshots();
    const id = (await snapshots.take(V1.base, undefined)).id;
    const box = await boxOf({ options: { snapshots } });
    await box.call("restore", { id, image: V1.base });
    await ready(box);
    expect(sources(box)).toEqual([id]);
  });

  it("refuse one of another image, or one that has expired, and stop nothing for it", async () => {
    const box = await boxOf({ fields: { persist: undefined } });
    await ready(box);
    const taken = await box.call("snapshot");
    await expect(box.call("restore", { id: "x", image: V1.other })).rejects.toThrow(
      /\[SNAPSHOT_UNUSABLE\].*other@sha256:1.*app@sha256:1/,
    );
    await expect(box.call("restore", { id: "" })).rejects.toThrow(/INVALID_ARGUMENT/);
    expect([box.starts, box.container.running]).toEqual([1, true]);
    await box.advance("31d");
    await expect(box.call("restore", taken)).rejects.toThrow(/SNAPSHOT_UNUSABLE.*expired/);
  });

  it("tell a caller that the platform refuses its snapshot, and boot clean after that", async () => {
    const box = await boxOf();
    await expect(box.call("restore", { id: "gone" })).rejects.toThrow(
      /\[SNAPSHOT_FAILED\] Cannot start from snapshot gone/,
    );
    await box.advance("5s");
    await ready(box);
    expect(sources(box)).toEqual(["gone", V1.base]);
  });

  it("refuse to take one of a container that does not run", async () => {
    const box = await boxOf();
    await expect(box.call("snapshot")).rejects.toThrow(/NOT_RUNNING/);
    expect(box.starts).toBe(0);
  });

  it("take several at once one after the other, and keep the container awake", async () => {
    let inside = 0;
    let most = 0;
    const onBeforeSnapshot = async (): Promise<void> => {
      inside += 1;
      most = Math.max(most, inside);
      await box.world.delay(40_000);
      inside -= 1;
    };
    const box = await boxOf({ fields: { sleepAfter: "30s" }, methods: { onBeforeSnapshot } });
    await ready(box);
    const all = await Promise.all([
      box.call("snapshot"),
      box.call("snapshot"),
      box.call("snapshot"),
    ]);
    expect(all.map(({ id }) => id).toSorted()).toEqual(["snapshot-1", "snapshot-2", "snapshot-3"]);
    expect([most, box.starts, box.container.running]).toEqual([1, 1, true]);
  });
});
