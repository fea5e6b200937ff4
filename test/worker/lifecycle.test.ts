import { evictDurableObject, runDurableObjectAlarm, runInDurableObject } from "cloudflare:test";
import { describe, expect, it } from "vitest";
import { errorCode } from "../../src/errors/container-error.ts";
import { createBox, until } from "./box.ts";

const HI = { app: () => new Response("hi") };

async function codeOf(work: Promise<unknown>): Promise<string | undefined> {
  return work.then(
    () => undefined,
    (error: unknown) => errorCode(error),
  );
}

describe("Container start", () => {
  it("starts the container at the first request and answers it", async () => {
    const box = createBox({ container: { ...HI, bootMs: 30 } });
    expect(await (await box.get()).text()).toBe("hi");
    expect(box.container.starts).toHaveLength(1);
    expect(box.hooks).toEqual(["start"]);
    expect(await box.stub.getState()).toMatchObject({ status: "healthy" });
  });

  it("starts once and calls onStart once for concurrent first requests", async () => {
    const box = createBox({ container: { ...HI, bootMs: 50 } });
    const responses = await Promise.all(Array.from({ length: 20 }, () => box.get()));
    expect(responses.map(({ status }) => status)).toEqual(Array(20).fill(200));
    expect(box.container.starts).toHaveLength(1);
    expect(box.hooks).toEqual(["start"]);
  });

  it("calls onStart once for start() followed by startAndWaitForPorts() twice", async () => {
    const box = createBox({ container: { ...HI, bootMs: 20 } });
    await box.stub.start();
    expect(await box.stub.getState()).toMatchObject({ status: "running" });
    await box.stub.startAndWaitForPorts();
    await box.stub.startAndWaitForPorts(8080);
    expect(await box.stub.getState()).toMatchObject({ status: "healthy" });
    expect(box.hooks).toEqual(["start"]);
  });

  it("waits for every port, in each of its signatures", async () => {
    const box = createBox({ container: { ports: [8080, 9000], bootMs: 20 } });
    await box.stub.startAndWaitForPorts([8080, 9000], { portReadyTimeoutMS: 5_000 });
    await box.stub.startAndWaitForPorts({ ports: 9000, startOptions: { envVars: { A: "1" } } });
    expect(await box.stub.waitForPort({ portToCheck: 9000 })).toBe(1);
  });

  it("waits for requiredPorts before a request to one of them", async () => {
    const box = createBox({
      container: { ports: [8080], ...HI },
      fields: { requiredPorts: [8080, 9000] },
    });
    const request = box.get();
    await until(() => box.container.probes > 3);
    expect(box.container.requests).toBe(1); // the probe of 8080 only
    box.container.setPortOpen(9000, true);
    expect((await request).status).toBe(200);
  });

  it("waits on while the app answers 503, and sends the request after", async () => {
    let isReady = false;
    const seen: string[] = [];
    const box = createBox({
      container: {
        app: (request) => {
          seen.push(new URL(request.url).host);
          return new Response("", { status: isReady ? 200 : 503 });
        },
      },
    });
    const request = box.get("/work");
    await until(() => seen.length > 2);
    expect(new Set(seen)).toEqual(new Set(["ping"]));
    isReady = true;
    expect((await request).status).toBe(200);
    expect(seen.filter((host) => host === "box")).toHaveLength(1);
  });

  it("probes pingEndpoint with its host and path", async () => {
    const seen: string[] = [];
    const box = createBox({
      container: {
        app: (request) => {
          seen.push(request.url);
          return new Response("");
        },
      },
      fields: { pingEndpoint: "app.local/health" },
    });
    await box.get("/x");
    expect(seen).toEqual(["http://app.local/health", "http://box/x"]);
  });

  it("gives PORT_TIMEOUT after one budget for all ports, and the boot goes on", async () => {
    const box = createBox({ container: { ports: [] } });
    const failed = codeOf(box.stub.startAndWaitForPorts([8080, 9000], { portReadyTimeoutMS: 60 }));
    expect(await failed).toBe("PORT_TIMEOUT");
    expect(box.container.running).toBe(true);
    expect(await box.stub.getState()).toMatchObject({ status: "running" });
    box.container.setPortOpen(8080, true);
    expect((await box.get()).status).toBe(200);
    expect(box.container.starts).toHaveLength(1);
  });

  it("fails a budget of 0 ms with a port that never opens, and is not ready", async () => {
    const box = createBox({ container: { ports: [] } });
    const failed = codeOf(box.stub.startAndWaitForPorts(8080, { portReadyTimeoutMS: 0 }));
    expect(await failed).toMatch(/PORT_TIMEOUT|START_TIMEOUT/);
    expect(await box.stub.getState()).toMatchObject({ status: "running" });
  });

  it("lets one caller leave without harm to the others (#173)", async () => {
    const box = createBox({ container: { ...HI, bootMs: 150 } });
    await runInDurableObject(box.stub, async (instance) => {
      const abort = new AbortController();
      const first = codeOf(instance.startAndWaitForPorts(8080, { abort: abort.signal }));
      const second = instance.containerFetch("http://box/");
      abort.abort();
      expect(await first).toBe("ABORTED");
      expect((await second).status).toBe(200);
    });
    expect(box.container.starts).toHaveLength(1);
  });

  it("starts anew when the app ends before it listens, and says EXITED the third time", async () => {
    const box = createBox({ container: { ports: [] } });
    const response = box.get();
    for (let run = 1; run <= 3; run += 1) {
      await until(() => box.container.starts.length === run && box.container.running);
      const { probes } = box.container;
      await until(() => box.container.probes > probes);
      box.container.crash({ exitCode: 3 });
    }
    const answer = await response;
    expect(answer.status).toBe(503);
    expect(answer.headers.get("x-berth-error")).toBe("EXITED");
    expect(Number(answer.headers.get("retry-after"))).toBeGreaterThan(0);
    expect(await answer.text()).not.toMatch(/10\.0\.0\.1|8080/);
    await until(() => box.stops.length === 3);
    expect(box.stops[2]).toMatchObject({ exitCode: 3, cause: "exit", runId: 3 });
    expect(await box.stub.getState()).toMatchObject({ status: "stopped_with_code", exitCode: 3 });
  });

  it("says EXITED at once when the app is done before it listens", async () => {
    const box = createBox({ container: { ports: [] } });
    const response = box.get();
    await until(() => box.container.probes > 0);
    box.container.exit();
    expect((await response).headers.get("x-berth-error")).toBe("EXITED");
    expect(box.container.starts).toHaveLength(1);
  });

  it("says START_FAILED, and tells onStop, when the image cannot be started", async () => {
    const startError = (): Error => new Error("Container failed to start");
    const box = createBox({ container: { startError } });
    const answer = await box.get();
    expect([answer.status, answer.headers.get("x-berth-error")]).toEqual([503, "START_FAILED"]);
    await until(() => box.stops.length === 1);
    expect(box.stops[0]).toMatchObject({ cause: "admission", exitCode: null, runId: 1 });
    expect(await box.stub.getState()).toMatchObject({ status: "stopped" });
  });

  it("tries again when the platform has no instance at first", async () => {
    const text = "there is no container instance that can be provided to this durable object";
    let refusals = 2;
    const startError = (): Error | undefined => {
      refusals -= 1;
      return refusals >= 0 ? new Error(text) : undefined;
    };
    const box = createBox({ container: { ...HI, startError } });
    expect((await box.get()).status).toBe(200);
    expect(box.container.starts).toHaveLength(3);
    expect(box.hooks).toEqual(["start"]);
  });

  it("answers 503 MAX_INSTANCES with Retry-After when none comes free in time", async () => {
    const text = "Maximum number of running container instances exceeded";
    const box = createBox({ container: { startError: () => new Error(text) } });
    const failed = codeOf(
      box.stub.startAndWaitForPorts(8080, { instanceGetTimeoutMS: 50, portReadyTimeoutMS: 90 }),
    );
    expect(await failed).toBe("MAX_INSTANCES");
  });

  it("passes environment, entrypoint, internet and labels, and merges constructor options", async () => {
    const box = createBox({
      fields: {
        envVars: { A: "1" },
        entrypoint: ["node", "server.js"],
        enableInternet: false,
        labels: { team: "a" },
      },
    });
    await box.stub.startAndWaitForPorts();
    expect(box.container.starts).toEqual([
      {
        env: { A: "1" },
        entrypoint: ["node", "server.js"],
        enableInternet: false,
        labels: { team: "a" },
      },
    ]);
  });

  it("lets options of one start stand in for the class's, for that run only", async () => {
    const box = createBox({ fields: { envVars: { A: "1" } } });
    await box.stub.start({ envVars: { B: "2" } });
    await box.stub.destroy();
    await box.get();
    expect(box.container.starts.map((options) => options?.env)).toEqual([{ B: "2" }, { A: "1" }]);
  });

  it("says START_CONFLICT for two starts with different options at once", async () => {
    const box = createBox({ container: { bootMs: 100 } });
    await runInDurableObject(box.stub, async (instance) => {
      const first = instance.startAndWaitForPorts({ startOptions: { envVars: { A: "1" } } });
      const second = instance.startAndWaitForPorts({ startOptions: { envVars: { A: "2" } } });
      expect(await codeOf(second)).toBe("START_CONFLICT");
      await first;
    });
    expect(box.container.starts).toHaveLength(1);
  });

  it("does not block other requests while onStart runs, and reports what it throws", async () => {
    const gate = Promise.withResolvers<void>();
    const box = createBox({
      container: HI,
      onStart: async () => {
        await gate.promise;
        throw new Error("seed failed");
      },
    });
    const first = box.get();
    await until(() => box.hooks.length === 1);
    expect((await box.get()).status).toBe(200);
    gate.resolve();
    expect((await first).status).toBe(200);
    expect(box.errors.map(String)).toEqual(["Error: seed failed"]);
  });

  it("serves requests that onStart itself makes to the container", async () => {
    const box = createBox({
      container: HI,
      onStart: async (instance) => {
        const response = await instance.containerFetch("/seed");
        instance.record.ticks.push(await response.text());
      },
    });
    expect((await box.get()).status).toBe(200);
    expect(box.ticks).toEqual(["hi"]);
  });
});

describe("Container stop", () => {
  it("sends SIGTERM, then calls onStop once with the cause and the code", async () => {
    const box = createBox();
    await box.get();
    await box.stub.stop();
    await until(() => box.stops.length === 1);
    expect(box.container.signals).toEqual([15]);
    expect(box.stops[0]).toMatchObject({ cause: "stop", exitCode: 0, reason: "runtime_signal" });
    expect(await box.stub.getState()).toMatchObject({ status: "stopped_with_code", exitCode: 0 });
  });

  it("shows stopping, and a request then waits for the next run", async () => {
    const box = createBox({ container: { ...HI, stopMs: 1_000 } });
    await box.get();
    await box.stub.stop();
    expect(await box.stub.getState()).toMatchObject({ status: "stopping" });
    expect((await box.get()).status).toBe(200);
    expect(box.container.starts).toHaveLength(2);
    await until(() => box.stops.length === 1);
    expect(box.hooks.filter((hook) => hook === "start")).toHaveLength(2);
  });

  it("destroys the container at the end of the grace when SIGTERM is ignored", async () => {
    const box = createBox({ fields: { stopGrace: "1ms" } });
    await box.get();
    box.container.ignoreSigterm();
    await box.stub.stop();
    await new Promise((resolve) => setTimeout(resolve, 5)); // the grace, by the clock
    await runDurableObjectAlarm(box.stub);
    await until(() => box.stops.length === 1);
    expect(box.container.signals).toEqual([15]);
    expect(box.container.destroys).toBe(1);
    expect(box.stops[0]).toMatchObject({ cause: "stop", exitCode: 137 });
  });

  it("calls onStop after destroy() without an alarm", async () => {
    const box = createBox();
    await box.get();
    await box.stub.destroy();
    expect(box.container.running).toBe(false);
    await until(() => box.stops.length === 1);
    expect(box.stops[0]).toMatchObject({ cause: "destroy", exitCode: 137 });
  });

  it("does nothing when nothing runs", async () => {
    const box = createBox();
    await box.stub.stop();
    await box.stub.destroy();
    expect(box.container.signals).toEqual([]);
    expect(box.hooks).toEqual([]);
  });

  it("sends any signal by number, and refuses what is none", async () => {
    const box = createBox();
    await box.get();
    await box.stub.stop(3);
    expect(box.container.signals).toEqual([3]);
    expect(await codeOf(box.stub.stop("SIGBOGUS" as "SIGTERM"))).toBe("INVALID_ARGUMENT");
    expect(box.container.signals).toEqual([3]);
  });

  it.each([
    ["crash", 3, "exit"],
    ["oom", 137, "oom"],
  ] as const)(
    "learns of a %s at the next request, and starts anew",
    async (kind, exitCode, cause) => {
      const box = createBox({ container: HI });
      await box.get();
      if (kind === "oom") box.container.crash({ isOutOfMemory: true });
      else box.container.crash({ exitCode });
      expect((await box.get()).status).toBe(200);
      await until(() => box.stops.length === 1);
      expect(box.stops[0]).toMatchObject({ exitCode, cause });
      expect(box.container.starts).toHaveLength(2);
    },
  );

  it("starts the next run for a request that comes while a ready container dies", async () => {
    const box = createBox({ container: HI });
    await (await box.get()).text();
    const { probes } = box.container;
    box.container.setPortOpen(8080, false);
    const request = box.get();
    await until(() => box.container.probes > probes + 1);
    box.container.crash({ exitCode: 3 });
    const response = await request;
    expect([response.status, await response.text()]).toEqual([200, "hi"]);
    expect(box.container.starts).toHaveLength(2);
    await until(() => box.stops.length === 1);
    expect(box.stops[0]).toMatchObject({ runId: 1, exitCode: 3 });
  });

  it("tells a rollout as its cause, once", async () => {
    const box = createBox();
    await box.get();
    box.container.rollout();
    await box.stub.getState();
    await until(() => box.stops.length === 1);
    expect(box.stops[0]).toMatchObject({ cause: "rollout" });
  });

  it("calls an onStop that throws again, and never the next run's for it", async () => {
    let failures = 1;
    const box = createBox({
      onStop: () => {
        failures -= 1;
        if (failures >= 0) throw new Error("not now");
      },
    });
    await box.get();
    await box.stub.destroy();
    await until(() => box.errors.length === 1);
    await box.get();
    await box.stub.destroy();
    await until(() => box.stops.length === 2);
    await runInDurableObject(box.stub, async (_instance, state) => {
      expect(await state.storage.getAlarm()).toBeLessThan(Date.now() + 2_000);
    });
    expect(box.stops.map(({ runId }) => runId)).toEqual([1, 2]);
  });

  it("starts a new run from onStop", async () => {
    const box = createBox({
      onStop: async (instance, { runId }) => {
        if (runId === 1) await instance.start();
      },
    });
    await box.get();
    await box.stub.destroy();
    await until(() => box.hooks.filter((hook) => hook === "start").length === 2);
    expect(box.container.running).toBe(true);
    expect(box.stops.map(({ runId }) => runId)).toEqual([1]);
  });
});

describe("Container after eviction", () => {
  it("takes up its container without a restart, and probes it once", async () => {
    const box = createBox({ container: HI });
    await (await box.get()).text();
    await evictDurableObject(box.stub);
    const requests = box.container.requests;
    expect((await box.get()).status).toBe(200);
    expect(box.container.starts).toHaveLength(1);
    expect(box.container.requests).toBe(requests + 2);
    expect(box.hooks).toEqual(["start"]);
  });

  it("says unknown, never a made-up code, for an end that nobody saw", async () => {
    const box = createBox({ container: HI });
    await (await box.get()).text();
    await evictDurableObject(box.stub);
    box.container.forget();
    await box.stub.getState();
    await until(() => box.stops.length === 1);
    expect(box.stops[0]).toMatchObject({ exitCode: null, cause: "unknown" });
  });

  it("adopts a container that runs without a record", async () => {
    const box = createBox({ container: HI });
    box.container.start();
    expect(await box.stub.getState()).toMatchObject({ status: "running" });
    expect((await box.get()).status).toBe(200);
    expect(box.container.starts).toHaveLength(1);
    expect(box.container.inactivityTimeouts.length).toBeGreaterThan(0);
  });

  it("reads the record of @cloudflare/containers and leaves one that it can read", async () => {
    const box = createBox({ container: HI });
    await runInDurableObject(box.stub, (_instance, state) => {
      state.storage.kv.put("__CF_CONTAINER_STATE", { status: "healthy", lastChange: 5 });
    });
    box.container.start();
    await evictDurableObject(box.stub);
    expect((await box.get()).status).toBe(200);
    expect(box.container.starts).toHaveLength(1);
    await runInDurableObject(box.stub, async (_instance, state) => {
      const record = await state.storage.get("__CF_CONTAINER_STATE");
      expect(record).toMatchObject({ status: "healthy", lastChange: expect.any(Number) as number });
    });
  });

  it("finishes a stop whose object was lost", async () => {
    const box = createBox({ fields: { stopGrace: "1ms" } });
    await box.get();
    box.container.ignoreSigterm();
    await box.stub.stop();
    await evictDurableObject(box.stub);
    await runDurableObjectAlarm(box.stub);
    // The pool lets the evicted object live on, and a fake container tells it of its end, too.
    await until(() => box.stops.length > 0);
    expect(new Set(box.stops.map(({ runId }) => runId))).toEqual(new Set([1]));
    expect(box.container.running).toBe(false);
  });
});
