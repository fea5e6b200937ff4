import { env } from "cloudflare:test";
import { runDurableObjectAlarm, runInDurableObject } from "cloudflare:test";
import { describe, expect, it } from "vitest";
import { getRandom } from "../../src/worker/get-random.ts";
import { createBox } from "./box.ts";

async function messageOf(work: Promise<unknown>): Promise<string> {
  return work.then(
    () => "nothing was thrown",
    (error: unknown) => (error instanceof Error ? error.message : "not an error"),
  );
}

describe("A class without ctx.container", () => {
  it("says NO_CONTAINER, its name and the lines of configuration that mend it", async () => {
    const stub = env.FORGOTTEN.get(env.FORGOTTEN.newUniqueId());
    const message = await messageOf(stub.fetch("http://box/"));
    expect(message).toMatch(/\[NO_CONTAINER\] .*class Forgotten: ctx\.container is missing/);
    expect(message).toContain('"containers": [{ "class_name": "Forgotten"');
  });
});

describe("A class declared by new_classes", () => {
  it("says INVALID_CONFIG, its name and new_sqlite_classes", async () => {
    const stub = env.OUTDATED.get(env.OUTDATED.newUniqueId());
    const message = await messageOf(stub.fetch("http://box/"));
    expect(message).toMatch(/\[INVALID_CONFIG\] .*class Outdated: its storage has no SQLite/);
    expect(message).toContain('"new_sqlite_classes": ["Outdated"]');
  });
});

describe("A class without a port", () => {
  const fields = { defaultPort: undefined } as unknown as { defaultPort: number };

  it("answers 500 NO_PORT to a request that names none either, and starts nothing", async () => {
    const box = createBox({ fields });
    const response = await box.get();
    expect([response.status, response.headers.get("x-berth-error")]).toEqual([500, "NO_PORT"]);
    expect(await response.text()).not.toContain("Box");
    expect(box.container.starts).toEqual([]);
  });

  it("throws it from containerFetch() and startAndWaitForPorts(), with what to set", async () => {
    const box = createBox({ fields });
    const text = /\[NO_PORT\] .* of Box: set defaultPort .* switchPort/;
    expect(await messageOf(box.stub.containerFetch("/"))).toMatch(text);
    expect(await messageOf(box.stub.startAndWaitForPorts())).toMatch(text);
  });

  it("starts without one", async () => {
    const box = createBox({ fields });
    await box.stub.start();
    expect(await box.stub.getState()).toMatchObject({ status: "running" });
  });
});

describe("A port that is none", () => {
  it.each([0, 70_000, 80.5, NaN])("is named by INVALID_PORT: %d", async (port) => {
    const box = createBox({ fields: { defaultPort: port } });
    const response = await box.get();
    expect([response.status, response.headers.get("x-berth-error")]).toEqual([500, "INVALID_PORT"]);
    await response.body?.cancel();
    const bad = `${port} is not a port; use an integer from 1 to 65535`;
    expect(await messageOf(box.stub.containerFetch("/"))).toContain(`use defaultPort: ${bad}`);
    expect(await messageOf(box.stub.containerFetch("/", {}, port))).toContain(`use port: ${bad}`);
    expect(await messageOf(box.stub.startAndWaitForPorts([8080, port]))).toContain(`ports: ${bad}`);
    const wait = box.stub.waitForPort({ portToCheck: port });
    expect(await messageOf(wait)).toContain(`portToCheck: ${bad}`);
    expect(box.container.starts).toEqual([]);
  });
});

describe("A duration that is none", () => {
  it.each(["10 minutes", "", "-5s", NaN, -1])(
    "is told to callers as INVALID_DURATION: %j",
    async (sleepAfter) => {
      const box = createBox({ fields: { sleepAfter } });
      const response = await box.get();
      const code = response.headers.get("x-berth-error");
      expect([response.status, code]).toEqual([500, "INVALID_DURATION"]);
      await response.body?.cancel();
      const shown = typeof sleepAfter === "string" ? JSON.stringify(sleepAfter) : `${sleepAfter}`;
      for (const call of [box.stub.start(), box.stub.startAndWaitForPorts()]) {
        expect(await messageOf(call)).toContain(`Cannot read sleepAfter: ${shown} is not a`);
      }
      expect(box.container.starts).toEqual([]);
    },
  );

  it.each([
    [{ every: "soon" }, 'Cannot read liveness.every: "soon"'],
    [{ failures: 0 }, "Cannot read liveness.failures: 0"],
  ])("names what of liveness it cannot read: %o", async (liveness, message) => {
    const box = createBox({ fields: { liveness } });
    expect(await messageOf(box.stub.start())).toContain(message);
  });

  it("names stopGrace, too", async () => {
    const box = createBox({ fields: { stopGrace: "soon" } });
    expect(await messageOf(box.stub.start())).toContain('Cannot read stopGrace: "soon"');
  });

  it("stands in nobody's way who stops, and counts as 10 minutes for the alarm", async () => {
    const box = createBox();
    await (await box.get()).text();
    await runInDurableObject(box.stub, (instance) => {
      instance.sleepAfter = "a while";
      instance.renewActivityTimeout();
    });
    expect(await runDurableObjectAlarm(box.stub)).toBe(true);
    await runInDurableObject(box.stub, async (_instance, state) => {
      const alarmAtMs = await state.storage.getAlarm();
      expect(alarmAtMs).toBeGreaterThan(Date.now() + 9 * 60_000);
    });
    expect(box.container.running).toBe(true);
    await box.stub.stop();
    expect(box.container.running).toBe(false);
  });
});

describe("getRandom()", () => {
  it.each([0, -1, NaN, 1.5])("names the number of instances that is none: %d", async (count) => {
    expect(await messageOf(getRandom(env.BOX, count))).toContain(
      `[INVALID_ARGUMENT] Cannot choose a container: the number of instances is ${count}; use an integer from 1 up`,
    );
  });
});
