import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";
import { Container, ContainerProxy, directory, type DirectoryOptions } from "../../src/index.ts";
import type { SimulationOptions } from "../../src/testing.ts";
import { PART_BYTES } from "../../src/core/directory/part-buffer.ts";
import { FakeBucket } from "./fake-bucket.ts";
import { FakeShell, gated } from "./fake-shell.ts";
import { answer, boxOf as boxFor, stops, type AppPlan, type Box } from "./scenarios/scenario.ts";

type Plan = AppPlan & { readonly options?: SimulationOptions; readonly keeps?: DirectoryOptions };

interface Ground {
  readonly box: Box;
  readonly bucket: FakeBucket;
  readonly shell: FakeShell;
}

const ENTRYPOINT = ["node", "server.js"];

/** A class that keeps a directory, and says what goes wrong. */
async function groundOf(plan: Plan = {}): Promise<Ground> {
  const bucket = new FakeBucket();
  const shell = new FakeShell();
  const persist = directory("/data", bucket as unknown as R2Bucket, plan.keeps);
  const box = await boxFor(
    { name: "berth", Container, ContainerProxy },
    {
      ...plan,
      fields: { entrypoint: ENTRYPOINT, sleepAfter: "10m", persist, ...plan.fields },
      options: { boot: shell.boot, exec: shell.exec, ...plan.options },
    },
  );
  return { box, bucket, shell };
}

beforeEach(() => {
  vi.spyOn(console, "error").mockReturnValue(undefined);
});
afterEach(() => {
  vi.restoreAllMocks();
});

async function ready(box: Box): Promise<void> {
  expect(await answer(box.fetch("/"))).toEqual([200, "hi"]);
}

/** Lets it fall asleep. */
async function sleep(box: Box): Promise<void> {
  await box.advance("15m");
  expect(box.container.running).toBe(false);
}

const errors = (box: Box): string[] => box.callsOf("onError").map(([error]) => String(error));
const keys = ({ objects }: FakeBucket): string[] => [...objects.keys()];

/** Keeps one file, and has it asleep. */
async function keep(ground: Ground, text: string): Promise<void> {
  await ready(ground.box);
  ground.shell.files["text"] = text;
  await sleep(ground.box);
}

describe("A directory in a bucket", () => {
  it("is there again after the idle stop, before the app begins", async () => {
    const ground = await groundOf();
    const { box, shell, bucket } = ground;
    await keep(ground, "one");
    await keep(ground, "two");
    await ready(box);
    expect(shell.begun).toEqual([
      { image: "" },
      { image: "", text: "one" },
      { image: "", text: "two" },
    ]);
    expect(box.container.starts.map((options) => gated(options?.entrypoint))).toEqual([
      ENTRYPOINT,
      ENTRYPOINT,
      ENTRYPOINT,
    ]);
    expect(keys(bucket)).toEqual([
      expect.stringMatching(/^berth\/[^/]+\/1-\d+\.tar$/),
      expect.stringMatching(/^berth\/[^/]+\/2-\d+\.tar$/),
    ]);
    expect(stops(box)).toMatchObject([{ cause: "idle" }, { cause: "idle" }]);
    expect(errors(box)).toEqual([]);
  });

  it("makes those who start the container wait, and onStart, too", async () => {
    const ground = await groundOf();
    const { box, shell } = ground;
    await keep(ground, "one");
    const gate = Promise.withResolvers<void>();
    shell.gate = gate.promise;
    const waiting = box.call("start");
    await box.advance("20s");
    expect([box.callsOf("onStart").length, shell.begun.length]).toEqual([1, 1]);
    gate.resolve();
    await waiting;
    expect([box.callsOf("onStart").length, shell.begun.length]).toEqual([2, 2]);
  });

  it.each([
    [["idle"], "stop", 0],
    [["stop"], "stop", 1],
    [["idle"], "idle", 1],
    [["stop"], "idle", 0],
  ] as const)("on %j: a stop by %s keeps %i", async (on, how, count) => {
    const { box, bucket } = await groundOf({ keeps: { on } });
    await ready(box);
    if (how === "stop") await box.call("stop");
    await sleep(box);
    expect(bucket.objects.size).toBe(count);
  });

  it("is kept by hand, too, and only so many archives stay", async () => {
    const { box, bucket } = await groundOf({ keeps: { keep: 2, prefix: "mine" } });
    await ready(box);
    for (const name of ["a", "b", "c"]) {
      await box.call("snapshot", { name });
      await box.advance("1s");
    }
    const listed = await box.call("listSnapshots");
    expect(listed.map(({ name }) => name)).toEqual(["b", "c"]);
    expect(listed[1]).toMatchObject({ expiresAtMs: Infinity, image: null, sizeBytes: 12 });
    expect(keys(bucket)).toEqual(listed.map(({ id }) => id));
    expect(keys(bucket)[0]).toMatch(/^mine\//);
    await expect(box.call("restore", listed[0] ?? { id: "" })).rejects.toThrow(/NOT_SUPPORTED/);
  });

  it("is uploaded in parts of one size where it is large", async () => {
    const ground = await groundOf();
    const { box, bucket, shell } = ground;
    shell.padding = 2 * PART_BYTES;
    await keep(ground, "large");
    expect(bucket.partBytes.slice(0, 2)).toEqual([PART_BYTES, PART_BYTES]);
    expect(bucket.partBytes[2]).toBeLessThan(100);
    expect(bucket.uploads.size).toBe(0);
    await ready(box);
    expect(shell.begun[1]).toEqual({ image: "", text: "large" });
  });

  it("stays as it was where an old archive cannot be deleted", async () => {
    const ground = await groundOf({ keeps: { keep: 1 } });
    const { box, bucket, shell } = ground;
    await keep(ground, "one");
    bucket.faults.push({ kind: "delete", text: "R2 is down" });
    await keep(ground, "two");
    await ready(box);
    expect([bucket.objects.size, errors(box)]).toEqual([2, []]);
    expect(shell.begun[2]).toMatchObject({ text: "two" });
  });
});

describe("A directory that cannot be kept", () => {
  it.each([
    ["put", "R2 is down", 0],
    ["part", "R2 is down", PART_BYTES],
  ] as const)("stays as it was kept last: %s fails", async (kind, text, padding) => {
    const ground = await groundOf();
    const { box, bucket, shell } = ground;
    await keep(ground, "good");
    shell.padding = padding;
    bucket.faults.push({ kind, text });
    await keep(ground, "lost");
    await ready(box);
    expect(shell.begun[2]).toEqual({ image: "", text: "good" });
    expect([bucket.objects.size, bucket.uploads.size]).toEqual([1, 0]);
    expect(errors(box)).toEqual([expect.stringMatching(/SNAPSHOT_FAILED.*R2 is down/)]);
  });

  it("stays as it was where tar complains", async () => {
    const ground = await groundOf();
    const { box, shell, bucket } = ground;
    await keep(ground, "good");
    shell.tar = { exitCode: 1, stderr: "tar: ./db: file changed as we read it\n" };
    await keep(ground, "torn");
    await ready(box);
    expect(shell.begun[2]).toMatchObject({ text: "good" });
    expect(bucket.objects.size).toBe(1);
    expect(errors(box)).toEqual([expect.stringMatching(/tar ended with 1: .*file changed/)]);
  });

  it("stays as it was where the app crashes meanwhile", async () => {
    const ground = await groundOf();
    const { box, bucket, shell } = ground;
    await keep(ground, "good");
    await ready(box);
    shell.files["text"] = "lost";
    shell.padding = PART_BYTES;
    shell.tar = { exitCode: new Promise(() => {}) };
    await box.call("stop");
    await box.advance("1s");
    expect(bucket.uploads.size).toBe(1);
    box.crash();
    await box.advance("1m");
    await ready(box);
    expect(shell.begun[2]).toMatchObject({ text: "good" });
    expect([bucket.objects.size, bucket.uploads.size]).toEqual([1, 0]);
  });

  it("stays as it was where the object dies meanwhile, whose upload is given up later", async () => {
    const ground = await groundOf();
    const { box, bucket, shell } = ground;
    await keep(ground, "good");
    await ready(box);
    shell.padding = PART_BYTES;
    bucket.gate = new Promise(() => {});
    await box.call("stop");
    await box.advance("1s");
    expect(bucket.uploads.size).toBe(1);
    box.deploy();
    bucket.gate = Promise.resolve();
    await box.advance("15m");
    await ready(box);
    expect(shell.begun.at(-1)).toMatchObject({ text: "good" });
    shell.files["text"] = "next";
    await sleep(box);
    await ready(box);
    expect(shell.begun.at(-1)).toMatchObject({ text: "next" });
    expect(bucket.uploads.size).toBe(0);
  });

  it("stays as it was where it takes too long, and what comes after that is deleted", async () => {
    const ground = await groundOf({ keeps: { timeout: "30s" } });
    const { box, bucket, shell } = ground;
    await keep(ground, "good");
    const gate = Promise.withResolvers<void>();
    await ready(box);
    shell.files["text"] = "late";
    bucket.gate = gate.promise;
    await box.call("stop");
    await box.advance("35s");
    gate.resolve();
    await box.advance("1s");
    expect([bucket.objects.size, errors(box)]).toEqual([
      1,
      [expect.stringContaining("more than 30000 ms")],
    ]);
    await ready(box);
    expect(shell.begun[2]).toMatchObject({ text: "good" });
  });

  it("is not kept by a container that was taken over, and may lack the files", async () => {
    const ground = await groundOf();
    const { box, bucket } = ground;
    await keep(ground, "good");
    box.container.start({ enableInternet: true, entrypoint: ENTRYPOINT });
    await box.call("getState");
    await box.call("stop");
    await box.advance("2m");
    expect(bucket.objects.size).toBe(1);
    expect(errors(box)).toEqual([expect.stringMatching(/did not begin with the files/)]);
  });
});

describe("A directory that cannot be unpacked", () => {
  it.each(["tar", "mkfifo"])("is refused by name: no %s", async (program) => {
    const { box, shell } = await groundOf();
    shell.programs.delete(program);
    const message = new RegExp(`NOT_SUPPORTED.*no ${program}; add it`);
    await expect(box.call("start")).rejects.toThrow(message);
    expect([errors(box), shell.begun, box.container.running]).toEqual([
      [expect.stringMatching(message)],
      [],
      false,
    ]);
    expect([box.starts, box.callsOf("onStart").length]).toEqual([1, 0]);
  });

  it.each([
    ["get", "R2 is down"],
    ["body", "Network connection lost."],
  ] as const)("fails the start: %s", async (kind, text) => {
    const ground = await groundOf();
    const { box, bucket, shell } = ground;
    await keep(ground, "good");
    bucket.faults.push({ kind, text });
    const message = /SNAPSHOT_FAILED.*Cannot start with the files of \/data/;
    await expect(box.call("start")).rejects.toThrow(message);
    expect([shell.begun.length, box.container.running]).toEqual([1, false]);
    expect(errors(box)).toEqual([expect.stringMatching(message)]);
    expect(stops(box)[1]).toMatchObject({ cause: "admission" });
    await box.advance("10s");
    await ready(box);
    expect(shell.begun[1]).toMatchObject({ text: "good" });
  });

  it("fails the start of an archive that is broken, or gone", async () => {
    const ground = await groundOf();
    const { box, bucket, shell } = ground;
    await keep(ground, "good");
    const [key = ""] = keys(bucket);
    bucket.objects.set(key, new TextEncoder().encode("not an archive"));
    await expect(box.call("start")).rejects.toThrow(/does not look like a tar archive/);
    bucket.objects.delete(key);
    await box.advance("1m");
    await expect(box.call("start")).rejects.toThrow(/the bucket has no berth/);
    expect(shell.begun).toHaveLength(1);
    const given = await box.fetch("/");
    await given.text();
    expect(given.status).toBe(503);
  });

  it("fails the start where it takes too long", async () => {
    const ground = await groundOf({ keeps: { timeout: "20s" } });
    const { box, shell } = ground;
    await keep(ground, "good");
    shell.gate = new Promise(() => {});
    await expect(box.call("start")).rejects.toThrow(/SNAPSHOT_FAILED.*more than 20000 ms/);
    expect([shell.begun.length, box.container.running]).toEqual([1, false]);
  });

  it("is unpacked into another container where the object dies meanwhile", async () => {
    const ground = await groundOf();
    const { box, shell } = ground;
    await keep(ground, "good");
    shell.gate = new Promise(() => {});
    const lost = box.call("start").then(
      () => "started",
      () => "lost",
    );
    await box.advance("1s");
    box.deploy();
    expect(await lost).toBe("lost");
    shell.gate = Promise.resolve();
    await ready(box);
    expect([box.starts, shell.begun.length]).toEqual([3, 2]);
    expect(shell.begun[1]).toMatchObject({ text: "good" });
  });

  it("does not outlive the object's death once it was unpacked", async () => {
    const ground = await groundOf({ options: {} });
    await keep(ground, "good");
    const { box } = ground;
    await box.call("start");
    box.deploy();
    await ready(box);
    expect(box.starts).toBe(2);
  });

  it("leaves a refusal of the platform what it is", async () => {
    const { box, shell } = await groundOf({ options: { startMs: 100 } });
    const full = "there is no container instance that can be provided";
    box.container.faults.refuseStarts(full, 2);
    await ready(box);
    expect([box.starts, shell.begun.length, errors(box)]).toEqual([3, 1, []]);
  });
});

describe("A class that keeps a directory", () => {
  it("has to set its entrypoint, or a caller does", async () => {
    const { box } = await groundOf({ fields: { entrypoint: undefined } });
    await expect(box.call("start")).rejects.toThrow(/INVALID_CONFIG.*sets no entrypoint/);
    expect(box.starts).toBe(0);
    await box.call("start", { entrypoint: ["other"] });
    expect(gated(box.container.starts[0]?.entrypoint)).toEqual(["other"]);
  });

  it("needs a runtime with exec()", async () => {
    const { box } = await groundOf();
    Object.defineProperty(box.container, "exec", { value: undefined });
    await expect(box.call("start")).rejects.toThrow(/NOT_SUPPORTED.*keep a directory/);
    expect(box.starts).toBe(0);
  });
});
