import { afterEach, describe, expect, it } from "vitest";
import { Container, errorCode, type JobResult } from "../../src/index.ts";
import { simulate, type SimulatedInstance, type SimulationOptions } from "../../src/testing.ts";

let box: SimulatedInstance<Container> | undefined;

afterEach(() => {
  box?.close();
  box = undefined;
});

class App extends Container {
  override envVars = { MODE: "class" };
  override onError(): void {}
}

async function boxOf(options: SimulationOptions = {}): Promise<SimulatedInstance<Container>> {
  box = await simulate(App, { patience: "2h", ...options });
  return box;
}

const codeOf = (work: PromiseLike<unknown>): PromiseLike<string | undefined> =>
  work.then(() => undefined, errorCode);

const KEY = { idempotencyKey: "order 7" };

describe("run() of the container's own command", () => {
  it("tells how it ended, and that there are no outputs", async () => {
    const app = await boxOf();
    const work = app.call("run", { env: { TASK: "7" } });
    await app.advance("5s");
    app.exit();
    expect(await work).toMatchObject({
      ...{ runId: 1, exitCode: 0, cause: "exit", attempts: 1, timedOut: false },
      ...{ stdoutTail: null, stderrTail: null },
    });
    expect(app.container.starts[0]?.env).toEqual({ MODE: "class", TASK: "7" });
  });

  it("is stopped when its time is over", async () => {
    const app = await boxOf();
    const result = await app.call("run", { timeout: "1m" });
    expect(result).toMatchObject({ cause: "stop", exitCode: 0, timedOut: true });
  });

  it("is tried again as often as is wanted, with pauses", async () => {
    const app = await boxOf({ app: () => new Response() });
    app.container.faults.exitAfterStart = { afterMs: 1_000, exitCode: 3 };
    const beganAtMs = app.world.nowMs;
    expect(await app.call("run", { retries: 2 })).toMatchObject({ exitCode: 3, attempts: 3 });
    expect(app.starts).toBe(3);
    expect(app.world.nowMs - beganAtMs).toBeGreaterThan(4_500);
  });

  it("is run once for all who ask by one key, then and later", async () => {
    const app = await boxOf();
    const work = app.world.run(() =>
      Promise.all([app.stub.run(KEY), app.stub.run(KEY), app.stub.run(KEY)]),
    );
    await app.advance("5s");
    app.exit();
    const results = await work;
    expect(new Set(results.map((result) => JSON.stringify(result))).size).toBe(1);
    await app.advance("1h");
    app.evict();
    expect(await app.call("run", KEY)).toEqual(results[0]);
    expect(app.starts).toBe(1);
  });

  it("outlives its object: whoever asks again waits for the same run", async () => {
    const app = await boxOf();
    const first = app.call("run", KEY);
    await app.advance("5s");
    app.evict();
    await expect(first).rejects.toThrow();
    const second = app.call("run", KEY);
    await app.advance("5s");
    app.exit();
    expect(await second).toMatchObject({ runId: 1, exitCode: 0, cause: "exit", attempts: 1 });
    expect(app.starts).toBe(1);
  });

  it("is remembered when it ends while nobody asks, whatever ran since", async () => {
    const app = await boxOf();
    const first = app.call("run", KEY);
    await app.advance("5s");
    app.evict();
    await expect(first).rejects.toThrow();
    app.crash({ exitCode: 4 });
    await app.call("getState");
    await app.advance("10s");
    await app.call("start");
    await app.call("destroy");
    expect(await app.call("run", KEY)).toMatchObject({ runId: 1, exitCode: 4, cause: "exit" });
    expect(app.starts).toBe(2);
  });

  it("forgets results after a day", async () => {
    const app = await boxOf();
    app.container.faults.exitAfterStart = { afterMs: 1_000, exitCode: 0 };
    expect(await app.call("run", KEY)).toMatchObject({ runId: 1 });
    await app.advance("23h");
    expect(await app.call("run", KEY)).toMatchObject({ runId: 1 });
    await app.advance("2h");
    expect(await app.call("run", KEY)).toMatchObject({ runId: 2 });
  });

  it("keeps the last hundred", async () => {
    const app = await boxOf();
    app.container.faults.exitAfterStart = { afterMs: 10, exitCode: 0 };
    for (let job = 0; job <= 100; job += 1) {
      await app.call("run", { idempotencyKey: `job ${job}` });
    }
    expect(await app.call("run", { idempotencyKey: "job 1" })).toMatchObject({ runId: 2 });
    expect(await app.call("run", { idempotencyKey: "job 0" })).toMatchObject({ runId: 102 });
  });

  it("is refused while a run is going on, and by a key of another command", async () => {
    const app = await boxOf({ exec: () => ({}) });
    await app.call("start");
    expect(await codeOf(app.call("run"))).toBe("START_CONFLICT");
    await app.call("run", ["true"], KEY);
    expect(await codeOf(app.call("run", ["false"], KEY))).toBe("START_CONFLICT");
  });

  it.each([{ retries: -1 }, { retries: 1.5 }, { idempotencyKey: "" }, { idempotencyKey: 7 }])(
    "refuses %j",
    async (options) => {
      const app = await boxOf();
      expect(await codeOf(app.call("run", options as object))).toBe("INVALID_ARGUMENT");
    },
  );
});

describe("run() of a command", () => {
  it("tells its exit code and the ends of its outputs, and leaves no container behind", async () => {
    const seen: unknown[] = [];
    const app = await boxOf({
      exec: (argv, { env, cwd }) => {
        seen.push(argv, env, cwd);
        return { exitCode: 0, stdout: `${"x".repeat(20_000)}end`, stderr: "warned" };
      },
    });
    const options = { env: { TASK: "7" }, cwd: "/data" };
    const result = (await app.call("run", ["job", "-v"], options)) as JobResult;
    expect(result).toMatchObject({ exitCode: 0, cause: "exit", runId: 1, stderrTail: "warned" });
    expect(result.stdoutTail).toHaveLength(8_192);
    expect(result.stdoutTail?.endsWith("xend")).toBe(true);
    expect(seen).toEqual([["job", "-v"], { TASK: "7" }, "/data"]);
    await app.advance("1s");
    expect(app.container.running).toBe(false);
  });

  it("leaves a container alone that ran before", async () => {
    const app = await boxOf({ exec: () => ({}) });
    await app.call("start");
    await app.call("run", ["job"]);
    await app.advance("1m");
    expect(app.container.running).toBe(true);
  });

  it("is tried again with pauses that grow", async () => {
    const triedAtMs: number[] = [];
    const app = await boxOf({
      exec: () => {
        triedAtMs.push(app.world.nowMs);
        return { exitCode: triedAtMs.length < 3 ? 1 : 0 };
      },
    });
    expect(await app.call("run", ["job"], { retries: 5 })).toMatchObject({ attempts: 3 });
    const [first = 0, second = 0, third = 0] = triedAtMs;
    expect(second - first).toBeGreaterThanOrEqual(500);
    expect(third - second).toBeGreaterThanOrEqual(1_000);
  });

  it("is ended when its time is over", async () => {
    const app = await boxOf({ exec: () => ({ exitCode: new Promise<number>(() => {}) }) });
    const result = await app.call("run", ["job"], { timeout: "1m" });
    expect(result).toMatchObject({ exitCode: 143, cause: "stop", timedOut: true });
  });

  it("tells of a container that ended under it", async () => {
    const app = await boxOf({ exec: () => ({ exitCode: new Promise<number>(() => {}) }) });
    const work = app.call("run", ["job"]);
    await app.advance("5s");
    app.crash({ isOutOfMemory: true });
    expect(await work).toMatchObject({ exitCode: null, cause: "oom", runId: 1 });
  });

  it("that its object's death cut short counts as a failed try", async () => {
    let tries = 0;
    const app = await boxOf({
      exec: () => {
        tries += 1;
        return { exitCode: tries === 1 ? new Promise<number>(() => {}) : 0 };
      },
    });
    const first = app.call("run", ["job"], { ...KEY, retries: 1 });
    await app.advance("5s");
    app.evict();
    await expect(first).rejects.toThrow();
    const again = { ...KEY, retries: 1 };
    expect(await app.call("run", ["job"], again)).toMatchObject({ exitCode: 0, attempts: 2 });
    expect(await app.call("run", ["job"], again)).toMatchObject({ exitCode: 0, attempts: 2 });
    expect(tries).toBe(2);
  });

  it("that was cut short is not run twice unasked", async () => {
    let tries = 0;
    const app = await boxOf({
      exec: () => {
        tries += 1;
        return { exitCode: new Promise<number>(() => {}) };
      },
    });
    const first = app.call("run", ["job"], KEY);
    await app.advance("5s");
    app.evict();
    await expect(first).rejects.toThrow();
    expect(await app.call("run", ["job"], KEY)).toMatchObject({ exitCode: null, cause: "unknown" });
    expect(tries).toBe(1);
  });

  it("that never ran is no result", async () => {
    const app = await boxOf({ exec: ([program]) => (program === "there" ? {} : undefined) });
    expect(await codeOf(app.call("run", ["missing"], KEY))).toBe("PROGRAM_NOT_FOUND");
    expect(await app.call("run", ["there"], KEY)).toMatchObject({ exitCode: 0 });
  });

  it("keeps its environment out of the storage", async () => {
    const app = await boxOf({ exec: () => ({ exitCode: new Promise<number>(() => {}) }) });
    void app.call("run", ["job"], { ...KEY, env: { TOKEN: "hunter2-hunter2" } });
    await app.advance("5s");
    const rows = app.storage.sql.exec("SELECT * FROM berth_jobs").toArray();
    expect(rows).toHaveLength(1);
    expect(JSON.stringify(rows)).not.toContain("hunter2");
  });
});
