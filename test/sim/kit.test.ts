import { DurableObject } from "cloudflare:workers";
import { afterEach, describe, expect, it } from "vitest";
import { Container, getContainer, sessionId } from "../../src/index.ts";
import { createWorld, simulate, type SimulatedInstance } from "../../src/testing.ts";

// By computed names: these files are typed for Workers, which have no such modules.
const FILES: string = "node:fs/promises";
const TIMERS: string = "node:timers/promises";

const MINUTE = 60_000;
const EPOCH_MS = Date.UTC(2026, 0, 1);

class App extends Container {
  override defaultPort = 8080;
  override onError(): void {}
}

let open: { close(): void } | undefined;

async function boxOf(...args: Parameters<typeof simulate<App>>): Promise<SimulatedInstance<App>> {
  const box = await simulate(...args);
  open = box;
  return box;
}

afterEach(() => open?.close());

describe("Virtual time", () => {
  it("moves only while a test waits, and then by no more than it takes", async () => {
    await boxOf(App);
    expect(Date.now()).toBe(EPOCH_MS);
    const box = await boxOf(App, { bootMs: 500, latency: { stubMs: [0, 0], containerMs: [0, 0] } });
    await box.fetch("/");
    expect(Date.now() - EPOCH_MS).toBeGreaterThanOrEqual(500);
    expect(Date.now() - EPOCH_MS).toBeLessThan(530);
  });

  it("passes to the millisecond", async () => {
    const box = await boxOf(App);
    await box.advance("90m");
    expect(new Date().getTime()).toBe(EPOCH_MS + 90 * MINUTE);
    expect(performance.now()).toBe(90 * MINUTE);
  });

  it("fires timers and aborts signals when they are due, in their order", async () => {
    const box = await boxOf(App);
    const fired: string[] = [];
    setTimeout(() => fired.push("late"), 2_000);
    setTimeout((name: string) => fired.push(name), 1_000, "early");
    const cleared = setTimeout(() => fired.push("never"), 500);
    clearTimeout(cleared);
    const ticks = setInterval(() => fired.push("tick"), 800);
    const signal = AbortSignal.timeout(1_500);
    await box.advance("1s");
    expect([fired, signal.aborted]).toEqual([["tick", "early"], false]);
    await box.advance("1s");
    clearInterval(ticks);
    await box.advance("1h");
    expect([fired, signal.aborted]).toEqual([["tick", "early", "tick", "late"], true]);
  });

  it("is the platform's again when the simulation is closed", async () => {
    const before = Date.now;
    const box = await boxOf(App);
    expect(Date.now).not.toBe(before);
    box.close();
    expect(Date.now).toBe(before);
    expect(Date.now()).toBeGreaterThan(EPOCH_MS);
  });
});

describe("A call that nobody waits for yet", () => {
  it("is begun, and goes on as far as time is let pass", async () => {
    const box = await boxOf(App, { app: () => new Response("at last"), bootMs: 5_000 });
    const response = box.fetch("/");
    await box.advance("1s");
    expect(box.starts).toBe(1);
    expect(Date.now()).toBe(EPOCH_MS + 1_000);
    expect(await (await response).text()).toBe("at last");
    expect(Date.now()).toBeGreaterThanOrEqual(EPOCH_MS + 5_000);
  });

  it("goes side by side with others", async () => {
    const box = await boxOf(App, { app: () => new Response("hi"), bootMs: 300 });
    const all = await Promise.all([box.fetch("/a"), box.fetch("/b"), box.fetch("/c")]);
    expect(all.map(({ status }) => status)).toEqual([200, 200, 200]);
    expect(box.starts).toBe(1);
  });

  it("is refused once another simulation was begun", async () => {
    const box = await boxOf(App);
    await boxOf(App);
    expect(() => box.fetch("/")).toThrow(/another one was begun.*world\.add\(\)/);
  });
});

describe("NONDETERMINISTIC_IO", () => {
  class Leaky extends DurableObject {
    override async fetch(request: Request): Promise<Response> {
      if (new URL(request.url).pathname === "/fetch") return await fetch("http://192.0.2.1/");
      return await new Promise(() => {});
    }

    async digest(): Promise<number> {
      const bytes = await crypto.subtle.digest("SHA-256", new Uint8Array(1_024));
      return bytes.byteLength;
    }
  }

  it("is told to code that fetches from outside", async () => {
    const box = await simulate(Leaky);
    open = box;
    await expect(box.fetch("/fetch")).rejects.toThrow(/NONDETERMINISTIC_IO.*fetch\(\).*allowIo/);
  });

  it("is told when a call awaits what nothing in the simulation will bring", async () => {
    const box = await simulate(Leaky);
    open = box;
    await expect(box.fetch("/hang")).rejects.toThrow(/NONDETERMINISTIC_IO/);
  });

  it("is told to code that reads a file, although an alarm is due some day", async () => {
    class Reader extends App {
      override async fetch(request: Request): Promise<Response> {
        await super.fetch(request);
        const { readFile } = await import(FILES);
        return new Response(await readFile("package.json"));
      }
    }
    const box = await simulate(Reader);
    open = box;
    await expect(box.fetch("/")).rejects.toThrow(/NONDETERMINISTIC_IO.*FSReq/);
  });

  it("is no matter of what the engine computes by itself", async () => {
    const box = await simulate(Leaky);
    open = box;
    expect(await box.call("digest")).toBe(32);
    expect(Date.now() - EPOCH_MS).toBeLessThan(10);
  });

  it("is not told where it is allowed", async () => {
    class Patient extends DurableObject {
      override async fetch(): Promise<Response> {
        const { setTimeout: real } = await import(TIMERS);
        return new Response(await real(1, "waited"));
      }
    }
    const box = await simulate(Patient, { allowIo: true });
    open = box;
    expect(await (await box.fetch("/")).text()).toBe("waited");
  });

  it("has a call that takes too long in virtual time told apart", async () => {
    const box = await boxOf(App, { boot: () => new Promise(() => {}), patience: "30s" });
    await expect(box.fetch("/")).rejects.toThrow(/not settled after 30000 ms.*patience/);
  });
});

describe("A seed", () => {
  async function traceOf(seed: number): Promise<string> {
    const box = await boxOf(App, { seed, app: () => new Response("hi"), bootMs: 700 });
    const requests = Array.from({ length: 20 }, (_, index) => box.fetch(`/${index}`));
    await Promise.all(requests.map(async (request) => (await request).text()));
    box.crash();
    await (await box.fetch("/again")).text();
    box.evict();
    await box.advance("1h");
    return box.world.trace.toString();
  }

  it("decides everything: the same one gives the same trace, another one another", async () => {
    const first = await traceOf(1);
    expect(await traceOf(1)).toBe(first);
    expect(await traceOf(2)).not.toBe(first);
  });

  it("draws lots and ids", async () => {
    const drawn: unknown[] = [];
    for (const seed of [5, 5, 6]) {
      await boxOf(App, { seed });
      drawn.push([Math.random(), crypto.randomUUID(), crypto.getRandomValues(new Uint8Array(4))]);
    }
    expect(drawn[1]).toEqual(drawn[0]);
    expect(drawn[2]).not.toEqual(drawn[0]);
  });
});

describe("A simulated object", () => {
  class Notes extends DurableObject {
    readonly madeAtMs = Date.now();
    #count = 0;

    async count(): Promise<number> {
      this.#count += 1;
      return this.#count;
    }

    async keep(key: string, value: unknown): Promise<void> {
      await this.ctx.storage.put(key, value);
    }

    async read(key: string): Promise<unknown> {
      return await this.ctx.storage.get(key);
    }

    async ring(afterMs: number): Promise<void> {
      await this.ctx.storage.setAlarm(Date.now() + afterMs);
    }

    override async alarm(info?: AlarmInvocationInfo): Promise<void> {
      this.ctx.storage.kv.put("rings", [
        ...((this.ctx.storage.kv.get("rings") as unknown[] | undefined) ?? []),
        [Date.now() - EPOCH_MS, info?.retryCount],
      ]);
      if (this.ctx.storage.kv.get("failing") === true) throw new Error("not now");
    }

    async rows(): Promise<unknown> {
      const { sql } = this.ctx.storage;
      sql.exec("CREATE TABLE IF NOT EXISTS notes (id INTEGER PRIMARY KEY, text TEXT)");
      sql.exec("INSERT INTO notes (text) VALUES (?), (?)", "a", "b");
      return sql.exec("SELECT text FROM notes ORDER BY id").toArray();
    }

    async giveUp(): Promise<void> {
      this.ctx.abort("enough");
    }
  }

  it("leaves memory after ten quiet seconds, and keeps its storage", async () => {
    const box = await simulate(Notes);
    open = box;
    expect(await box.call("count")).toBe(1);
    await box.call("keep", "a", { deep: [1] });
    await box.advance("9s");
    expect(await box.call("count")).toBe(2);
    await box.advance("11s");
    expect(box.object).toBeUndefined();
    expect(await box.call("count")).toBe(1);
    expect(await box.call("read", "a")).toEqual({ deep: [1] });
    expect(box.bill().wakeUps).toBe(2);
  });

  it("has real SQL", async () => {
    const box = await simulate(Notes);
    open = box;
    expect(await box.call("rows")).toEqual([{ text: "a" }, { text: "b" }]);
  });

  it("is woken by its alarm, once", async () => {
    const box = await simulate(Notes);
    open = box;
    await box.call("ring", MINUTE);
    await box.advance("2h");
    const [[atMs, retries]] = (await box.call("read", "rings")) as [[number, number]];
    expect([Math.round(atMs / 1_000), retries]).toEqual([60, 0]);
    expect(box.alarmsPerHour()).toBeCloseTo(0.5, 3);
  });

  it("has an alarm that throws repeated six times, each after twice as long", async () => {
    const box = await simulate(Notes);
    open = box;
    await box.call("keep", "failing", true);
    await box.call("ring", 0);
    await box.advance("1h");
    const rings = (await box.call("read", "rings")) as [number, number][];
    expect(rings.map(([, retries]) => retries)).toEqual([0, 1, 2, 3, 4, 5, 6]);
    const gaps = rings.slice(1).map(([atMs], index) => atMs - (rings[index]?.[0] ?? 0));
    expect(gaps.map((gapMs) => Math.round(gapMs / 1_000))).toEqual([2, 4, 8, 16, 32, 64]);
  });

  it.each([
    ["delayed", { kind: "alarm-delayed", delayMs: 10 * MINUTE }, [660]],
    ["lost", { kind: "alarm-lost" }, []],
    ["told twice", { kind: "alarm-twice" }, [60, 60]],
  ] as const)("has an alarm that is %s", async (_how, fault, atSeconds) => {
    const box = await simulate(Notes);
    open = box;
    box.inject(fault);
    await box.call("ring", MINUTE);
    await box.advance("1h");
    const rings = ((await box.call("read", "rings")) as [number][] | undefined) ?? [];
    expect(rings.map(([atMs]) => Math.round(atMs / 1_000))).toEqual(atSeconds);
  });

  it("is reset by a write that fails, and has it tried again by nobody", async () => {
    const box = await simulate(Notes);
    open = box;
    await box.call("count");
    box.inject({ kind: "storage-fails", times: 1 });
    await expect(box.call("keep", "a", 1)).rejects.toThrow(/storage.*reset/);
    expect(await box.call("count")).toBe(1);
    expect(await box.call("read", "a")).toBeUndefined();
  });

  it("answers when its writes are on disk, and loses those that are not", async () => {
    const box = await simulate(Notes);
    open = box;
    box.inject({ kind: "storage-slow", writeMs: 5_000 });
    const kept = box.call("keep", "a", 1);
    await box.advance("4s");
    box.inject({ kind: "writes-lost" });
    await expect(kept).rejects.toThrow("Network connection lost");
    expect(await box.call("read", "a")).toBeUndefined();
    const startMs = Date.now();
    await box.call("keep", "a", 2);
    expect(Date.now() - startMs).toBeGreaterThanOrEqual(5_000);
  });

  it("has its calls fail as the platform's do", async () => {
    const box = await simulate(Notes);
    open = box;
    await expect(box.call("giveUp")).rejects.toThrow("enough");
    box.inject({ kind: "overloaded" });
    await expect(box.call("count")).rejects.toMatchObject({ overloaded: true });
    box.inject({ kind: "call-dropped" });
    await expect(box.call("count")).rejects.toMatchObject({ retryable: true });
    box.inject({ kind: "call-duplicated" });
    expect(await box.call("count")).toBe(2);
    await expect(box.call("nothing")).rejects.toThrow(/does not implement the method "nothing"/);
  });

  it("is of another class after a deploy", async () => {
    class Later extends Notes {
      override async count(): Promise<number> {
        return -1;
      }
    }
    const box = await simulate(Notes);
    open = box;
    await box.call("keep", "a", 1);
    box.deploy(Later);
    expect(await box.call("count")).toBe(-1);
    expect(await box.call("read", "a")).toBe(1);
  });
});

describe("The container of an evicted object", () => {
  it("goes with it, where nothing raised the floor under its life", async () => {
    class Raw extends DurableObject {
      async start(floorMs?: number): Promise<void> {
        this.ctx.container?.start();
        if (floorMs !== undefined) await this.ctx.container?.setInactivityTimeout(floorMs);
      }
    }
    const box = await simulate(Raw);
    open = box;
    await box.call("start");
    await box.advance("11s");
    expect(box.container.running).toBe(false);
    await box.call("start", MINUTE);
    await box.advance("50s");
    expect([box.object, box.container.running]).toEqual([undefined, true]);
    await box.advance("11s");
    expect(box.container.running).toBe(false);
  });
});

describe("createWorld()", () => {
  it("runs a Worker on a binding of instances, each with its own container", async () => {
    const world = createWorld();
    open = world;
    const apps = world.namespace(App, {
      app: (request) => new Response(`hi ${request.headers.get("session-id")}`),
      bootMs: 100,
    });
    const worker = async (request: Request): Promise<Response> => {
      const session = await sessionId(request, { from: { header: "session-id" } });
      return await getContainer(apps.binding, session.id).fetch(request);
    };
    const ask = (id: string): Promise<string> =>
      world
        .run(() => worker(new Request("http://app/", { headers: { "session-id": id } })))
        .then((response) => response.text());
    expect(await ask("ada")).toBe("hi ada");
    expect(await ask("bob")).toBe("hi bob");
    expect(await ask("ada")).toBe("hi ada");
    expect([apps.instance("ada").starts, apps.instance("bob").starts]).toEqual([1, 1]);
  });
});
