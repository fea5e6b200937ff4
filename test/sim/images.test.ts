import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";
import { Container, ContainerProxy, type Recycle } from "../../src/index.ts";
import type { SimulationOptions } from "../../src/testing.ts";
import {
  answer,
  boxOf as boxFor,
  endlessBody,
  stops,
  type AppPlan,
  type Box,
} from "./scenarios/scenario.ts";

type Plan = AppPlan & { readonly options?: SimulationOptions };

const boxOf = (plan: Plan = {}): Promise<Box> =>
  boxFor({ name: "berth", Container, ContainerProxy }, plan);

beforeEach(() => {
  vi.spyOn(console, "error").mockReturnValue(undefined);
});
afterEach(() => {
  vi.restoreAllMocks();
});

const V1 = { base: "registry.example/app@sha256:1", tools: "registry.example/tools@sha256:1" };
const V2 = { base: "registry.example/app@sha256:2", tools: "registry.example/tools@sha256:1" };

/** A class whose runs are of a named image. */
async function boxOfImage(plan: Plan = {}): Promise<Box> {
  return await boxOf({
    ...plan,
    fields: { image: "base", ...plan.fields },
    options: { images: V1, ...plan.options },
  });
}

/** Deploys the Worker with images that have the same names and other contents. */
async function deployImages(box: Box, images: Record<string, string>): Promise<void> {
  Object.assign(box.container.images, images);
  box.deploy();
  await box.call("getState"); // an event, as the next request or alarm is
  await box.world.settle();
}

async function ready(box: Box): Promise<void> {
  expect((await answer(box.fetch("/")))[0]).toBe(200);
}

async function codeOf(response: PromiseLike<Response>): Promise<string | null> {
  const given = await response;
  await given.text();
  return given.headers.get("x-berth-error");
}

const imagesOf = (box: Box): unknown[] => box.container.starts.map((options) => options?.image);

describe("Images, sizes and deploys", () => {
  it("an image by its key, and a size, reach start()", async () => {
    const box = await boxOfImage({ fields: { instance: "standard-2" } });
    await ready(box);
    expect(box.container.starts).toMatchObject([{ image: V1.base, instance: "standard-2" }]);
    expect(await box.call("getStatus")).toMatchObject({
      image: { running: V1.base, wanted: V1.base },
    });
  });

  it("without image and size start() gets neither key", async () => {
    const box = await boxOf();
    await ready(box);
    expect(Object.keys(box.container.starts[0] ?? {})).toEqual(["enableInternet"]);
  });

  it("an image by a function of the object's name, asked once per run", async () => {
    const asked: unknown[] = [];
    const image = async (id: string): Promise<string> => {
      asked.push(id);
      await box.world.delay(2_000);
      return "tools";
    };
    const box = await boxOfImage({
      fields: { image, requiredPorts: [8080, 9000] },
      options: { name: "room-7", ports: [8080, 9000] },
    });
    await Promise.all([ready(box), ready(box), ready(box)]);
    expect([asked, imagesOf(box)]).toEqual([["room-7"], [V1.tools]]);
  });

  it("a function that fails is what callers are told; the next call asks again", async () => {
    let tries = 0;
    const image = (): string => {
      tries += 1;
      if (tries === 1) throw new Error("no such plan");
      return "base";
    };
    const box = await boxOfImage({ fields: { image } });
    await expect(box.call("start")).rejects.toThrow(/no such plan/);
    expect(box.starts).toBe(0);
    await ready(box);
  });

  it("a function that never answers keeps callers no longer than their patience", async () => {
    const image = (): Promise<string> => new Promise(() => {});
    const box = await boxOfImage({ fields: { image, startup: { instanceTimeout: "3s" } } });
    await expect(box.call("start")).rejects.toThrow(/START_TIMEOUT/);
    expect(box.starts).toBe(0);
  });

  it("an unknown image key is refused by the keys that there are, before anything starts", async () => {
    const box = await boxOfImage({ fields: { image: "bsae" } });
    await expect(box.call("start")).rejects.toThrow(/\[UNKNOWN_IMAGE\].*"bsae".*"base", "tools"/);
    expect(await codeOf(box.fetch("/"))).toBe("UNKNOWN_IMAGE");
    expect(box.starts).toBe(0);
    expect(await box.call("peek")).toMatchObject({ phase: "stopped", crashes: 0 });
  });

  it("a size out of range is refused by the limit, before anything starts", async () => {
    const box = await boxOfImage({
      fields: { instance: { vcpu: 8, memoryMib: 24_576, diskMb: 1_000 } },
    });
    await expect(box.call("start")).rejects.toThrow(/\[INVALID_INSTANCE\].*vcpu is 8; use 1 to 4/);
    await expect(
      box.call("start", { instance: { vcpu: 1, memoryMib: 1_024, diskMb: 1_000 } }),
    ).rejects.toThrow(/memoryMib is 1024; use 3072 to 12288/);
    expect(box.starts).toBe(0);
  });

  it("a runtime without images names the policy that is needed", async () => {
    for (const fields of [{ image: "base" }, { image: undefined, instance: "lite" }]) {
      const box = await boxOfImage({ fields });
      Reflect.deleteProperty(box.container, "images");
      await expect(box.call("start")).rejects.toThrow(
        /\[POLICY_REQUIRED\].*"scheduling_policy": "durable_object"/,
      );
      expect(box.starts).toBe(0);
    }
    const box = await boxOf({ fields: { instance: "lite" } });
    await expect(box.call("start")).rejects.toThrow(/POLICY_REQUIRED/);
  });

  it("start() with an image of its own wins over the class, for that run alone", async () => {
    const box = await boxOfImage({ fields: { recycle: "now" } });
    await box.call("start", { image: "tools", instance: "lite" });
    await ready(box);
    await box.call("stop");
    await box.advance("1s");
    await ready(box);
    expect(imagesOf(box)).toEqual([V1.tools, V1.base]);
  });

  it("two starts at once with different images: a conflict, not silence", async () => {
    const box = await boxOfImage({ options: { startMs: 500 } });
    const first = box.call("start", { image: "tools" });
    await box.advance("10ms");
    await expect(box.call("start", { image: "base" })).rejects.toThrow(/START_CONFLICT/);
    await first;
    expect(imagesOf(box)).toEqual([V1.tools]);
  });

  it("recycle 'idle': a deploy reaches the run when it is idle, whatever the hook does", async () => {
    const box = await boxOfImage({
      fields: { sleepAfter: "5m" },
      methods: { onActivityExpired: () => {} },
    });
    await ready(box);
    await deployImages(box, V2);
    await ready(box);
    expect(await box.call("getStatus")).toMatchObject({
      image: { running: V1.base, wanted: V2.base },
    });
    await box.advance("6m");
    expect(stops(box)).toMatchObject([{ runId: 1, cause: "idle" }]);
    await ready(box);
    await box.advance("30m");
    expect(imagesOf(box)).toEqual([V1.base, V2.base]);
    expect(box.container.running).toBe(true);
  });

  it("recycle 'drain': what is in flight ends, new requests get the new run", async () => {
    const stream: ReturnType<typeof endlessBody>[] = [];
    const app = (request: Request): Response => {
      if (!request.url.endsWith("/stream")) return new Response("hi");
      stream.push(endlessBody((ms) => box.world.delay(ms)));
      return new Response(stream[0]?.body, { headers: { "content-type": "text/event-stream" } });
    };
    const fields = { recycle: "drain", drain: "60s", expectedBuild: "1" };
    const box = await boxOfImage({ fields, options: { app } });
    await ready(box);
    const read = (await box.fetch("/stream")).text();
    await box.advance("5s");
    Object.assign(box.object ?? {}, { expectedBuild: "2" });
    expect(await box.call("peek")).toMatchObject({ phase: "draining", leases: { stream: 1 } });
    const waiting = box.fetch("/");
    await box.advance("10s");
    expect(box.container.signals).toEqual([]);
    stream[0]?.end();
    expect((await answer(waiting))[0]).toBe(200);
    expect(await read).toMatch(/^(part){10,20}$/);
    expect(stops(box)).toMatchObject([{ runId: 1, cause: "rollout" }]);
    await box.advance("5s");
    await ready(box);
    expect(box.starts).toBe(2);
  });

  it("recycle 'now': the run ends at the object's first event, one that boots too", async () => {
    const box = await boxOfImage({
      fields: { recycle: "now", startup: { readyTimeout: "2m" } },
      options: { bootMs: 20_000 },
    });
    const early = box.fetch("/").catch(() => new Response(null, { status: 599 }));
    await box.advance("5s");
    await deployImages(box, V2);
    await early;
    await ready(box);
    expect(imagesOf(box)).toEqual([V1.base, V2.base]);
    expect(stops(box)).toMatchObject([{ runId: 1, cause: "rollout" }]);
  });

  it("recycle 'never': a deploy leaves the run alone, and its status tells", async () => {
    const box = await boxOfImage({
      fields: { recycle: "never", sleepAfter: "5m" },
      methods: { onActivityExpired: () => {} },
    });
    await ready(box);
    await deployImages(box, V2);
    await box.advance("1h");
    await ready(box);
    expect(imagesOf(box)).toEqual([V1.base]);
    expect(await box.call("getStatus")).toMatchObject({
      image: { running: V1.base, wanted: V2.base },
    });
  });

  it("a build that differs recycles once, then there is peace", async () => {
    const builds = ["1"];
    for (const recycle of ["drain", "now"] as const satisfies readonly Recycle[]) {
      const box = await boxOf({
        fields: {
          recycle,
          get expectedBuild() {
            return builds.at(-1);
          },
        },
      });
      await ready(box);
      builds.push(`${builds.length + 1}`);
      for (let deploy = 0; deploy < 5; deploy += 1) {
        box.deploy();
        await ready(box);
        await box.advance("2m");
      }
      expect([recycle, box.starts]).toEqual([recycle, 2]);
      expect(await box.call("getStatus")).toMatchObject({
        build: { running: builds.at(-1), wanted: builds.at(-1) },
      });
    }
  });

  it("a function that answers otherwise each time makes no loop", async () => {
    let answers = 0;
    const image = (): string => {
      answers += 1;
      return `registry.example/app:${answers}`;
    };
    const box = await boxOfImage({ fields: { recycle: "now", image } });
    for (let turn = 0; turn < 20; turn += 1) {
      await ready(box);
      await box.advance("3s");
    }
    expect(box.starts).toBe(1);
  });

  it("a new image that crashes comes no sooner than any other that does", async () => {
    const box = await boxOfImage({ fields: { recycle: "now" } });
    await ready(box);
    box.container.faults.exitAfterStart = { afterMs: 10, exitCode: 1 };
    await deployImages(box, V2);
    const began = Date.now();
    while (Date.now() - began < 60_000) {
      await codeOf(box.fetch("/"));
      await box.advance("1s");
    }
    expect(box.starts).toBeLessThanOrEqual(9); // pauses of 0, 1, 2, 4, 8, 16 and 32 s, ± 20 %
    expect(stops(box).filter(({ cause }) => cause === "rollout")).toHaveLength(1);
  });

  it("a container that was adopted is not taken for old", async () => {
    const box = await boxOfImage({ fields: { recycle: "now" } });
    box.container.start({ enableInternet: true, image: V2.base });
    await ready(box);
    expect(box.starts).toBe(1);
    expect(await box.call("getStatus")).toMatchObject({
      image: { running: null, wanted: V1.base },
    });
  });

  it("an unreadable recycle is told, and stops nothing", async () => {
    const box = await boxOfImage({ fields: { recycle: "later" } });
    await expect(box.call("start")).rejects.toThrow(/\[INVALID_CONFIG\].*"later"/);
  });

  it("a stop() during a recycle is a stop: nobody who waits starts the next run", async () => {
    const box = await boxOfImage({
      fields: { recycle: "now" },
      options: { stopMs: 5_000 },
    });
    await ready(box);
    Object.assign(box.container.images, V2);
    box.deploy();
    await box.call("peek");
    await box.call("stop");
    await box.advance("10s");
    expect([box.starts, box.container.running]).toEqual([1, false]);
  });
});
