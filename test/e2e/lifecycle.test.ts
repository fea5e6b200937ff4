import { readdirSync, readFileSync } from "node:fs";
import { setTimeout as delay } from "node:timers/promises";
import { describe, expect, it } from "vitest";
import { eventually } from "./eventually.ts";
import { useFixtureServer } from "./fixture-server.ts";

const SECRET = "a-secret-of-the-host";
const fixture = useFixtureServer({ BERTH_E2E_SECRET: SECRET });

/** The process on this host whose environment names an instance: its app. */
function appOf(instance: string): number {
  const entry = `INSTANCE=${instance}`;
  const pids = readdirSync("/proc").filter((name) => /^\d+$/.test(name));
  const found = pids.find((pid) => environOf(pid).includes(entry));
  if (found === undefined) throw new Error(`No process with ${entry}`);
  return Number(found);
}

function environOf(pid: string): readonly string[] {
  try {
    return readFileSync(`/proc/${pid}/environ`, "utf8").split("\0");
  } catch {
    return []; // gone, or another user's
  }
}

describe("a container under berth dev", () => {
  it("sleeps after sleepAfter and wakes for the next request", async () => {
    const session = fixture.session("Sleepy", "a");
    const before = await session.identify();
    expect(before.count).toBe(1);
    const asleep = await session.seenAfterStops(1);
    expect(asleep).toMatchObject({
      starts: 1,
      isRunning: false,
      stops: [{ runId: 1, cause: "idle", exitCode: 0 }],
    });
    const after = await session.identify();
    expect(after).toMatchObject({ instance: before.instance, count: 1 });
    expect(await session.seen()).toMatchObject({ starts: 2, isRunning: true });
  });

  it("ends by stop(), and is started anew by the next request", async () => {
    const session = fixture.session("App", "stopped");
    await session.identify();
    await session.call("stop");
    const seen = await session.seenAfterStops(1);
    expect(seen.stops).toMatchObject([{ runId: 1, cause: "stop", exitCode: 0 }]);
    expect(await session.identify()).toMatchObject({ pid: 1, count: 1 });
    expect(await session.seen()).toMatchObject({ starts: 2, isRunning: true });
  });

  it("ends by destroy()", async () => {
    const session = fixture.session("App", "destroyed");
    await session.identify();
    await session.call("destroy");
    const seen = await session.seenAfterStops(1);
    expect(seen.stops).toMatchObject([{ runId: 1, cause: "destroy", exitCode: 137 }]);
    expect(await session.call("getState")).toMatchObject({ status: "stopped_with_code" });
    expect(await session.identify()).toMatchObject({ pid: 1 });
  });

  it("reports the exit code of a crash and is started anew by the next request", async () => {
    const session = fixture.session("App", "crashed");
    await session.identify();
    const response = await session.fetch("/exit?code=3");
    expect(response.headers.get("x-berth-error")).not.toBeNull();
    expect(response.status).toBeGreaterThanOrEqual(500);
    const seen = await session.seenAfterStops(1);
    expect(seen.stops).toMatchObject([{ runId: 1, cause: "exit", exitCode: 3 }]);
    await session.identify();
    expect(await session.seen()).toMatchObject({ starts: 2, isRunning: true });
  });

  it("reports 137 when its process is killed from outside, as soon as it is asked", async () => {
    const session = fixture.session("App", "killed");
    const { instance } = await session.identify();
    process.kill(appOf(instance), "SIGKILL");
    await eventually(
      () => session.seen(),
      ({ isRunning }) => !isRunning,
    );
    expect(await session.call("getState")).toMatchObject({
      status: "stopped_with_code",
      exitCode: 137,
    });
    const seen = await session.seenAfterStops(1);
    expect(seen.stops).toMatchObject([{ runId: 1, exitCode: 137 }]);
    expect(await session.identify()).toMatchObject({ instance, count: 1 });
  });

  it("is started anew after signal(9); who comes as it dies is told to come again", async () => {
    const session = fixture.session("App", "signalled");
    const { instance } = await session.identify();
    await session.call("signal", "?number=9");
    const refusals: unknown[] = [];
    await eventually(
      async () => {
        const response = await session.fetch("/");
        if (response.status !== 200) refusals.push(await response.json());
        return (await session.seen()).starts;
      },
      (starts) => starts === 2,
    );
    expect(refusals).toEqual(
      refusals.map(() => ({ error: expect.objectContaining({ retryable: true }) as unknown })),
    );
    const seen = await session.seen();
    expect(seen).toMatchObject({ starts: 2, stops: [{ runId: 1, exitCode: 137 }] });
    expect(await session.identify()).toMatchObject({ instance, pid: 1 });
  });

  it("ends with 137 when it takes more memory than its instance_type has, and nobody else", async () => {
    const [hog, neighbour] = [fixture.session("App", "hog"), fixture.session("App", "neighbour")];
    await hog.identify();
    const before = await neighbour.identify();
    await hog.fetch("/hog").then((response) => response.text().catch(() => "cut off"));
    const seen = await hog.seenAfterStops(1);
    expect(seen.stops).toMatchObject([{ runId: 1, exitCode: 137 }]);
    await fixture.server.printed("ended: out of memory");
    const after = await neighbour.identify();
    expect(after).toMatchObject({ instance: before.instance, count: before.count + 1 });
  });

  it("is destroyed after stopGrace when it ignores SIGTERM", async () => {
    const session = fixture.session("Stubborn", "a");
    await session.identify();
    await session.call("stop");
    expect(await session.seen()).toMatchObject({ stops: [], isRunning: true });
    const seen = await session.seenAfterStops(1);
    expect(seen.stops).toMatchObject([{ runId: 1, cause: "stop", exitCode: 137 }]);
  });
});

// The runtime evicts an object ten seconds after its last event: both wait that long, side by side.
describe.concurrent("ten seconds without an event", () => {
  it("evict the object, and not its container, which the next object adopts", async () => {
    const session = fixture.session("App", "evicted");
    const before = await session.identify();
    expect(await session.seen()).toMatchObject({ constructions: 1 });
    // Asking would keep the object in memory, so nothing but time can be awaited here.
    await delay(11_000);
    const seen = await eventually(
      async () => (await delay(2_000), await session.seen()),
      ({ constructions }) => constructions > 1,
    );
    expect(seen).toMatchObject({ constructions: 2, starts: 1, stops: [], isRunning: true });
    const after = await session.identify();
    expect(after.instance).toBe(before.instance);
    expect(after.count).toBe(before.count + 1);
    expect(after.uptimeMs).toBeGreaterThan(before.uptimeMs);
  });

  it("do not cut server-sent events, which come one by one", async () => {
    const session = fixture.session("App", "events");
    const response = await session.fetch("/sse");
    expect(response.headers.get("content-type")).toBe("text/event-stream");
    let received = "";
    let lastId = -1;
    for await (const chunk of response.body ?? []) {
      received += Buffer.from(chunk).toString();
      lastId = Number(/.*id: (\d+)\n/s.exec(received)?.[1] ?? lastId);
      if (lastId >= 130) break; // ten a second
    }
    const ids = [...received.matchAll(/^id: (\d+)$/gm)].map(([, id]) => Number(id));
    expect(ids).toEqual(Array.from({ length: lastId + 1 }, (_, id) => id));
    expect(lastId).toBeGreaterThanOrEqual(130);
    expect(await session.seen()).toMatchObject({ starts: 1, stops: [], constructions: 1 });
  });
});

describe("what a container sees under berth dev", () => {
  it("is its own files, which do not outlive it", async () => {
    const [one, other] = [fixture.session("App", "writer"), fixture.session("App", "reader")];
    const write = async (session: typeof one): Promise<string> =>
      (await session.fetch("/write")).text();
    expect([await write(one), await write(one)]).toEqual(["false", "true"]);
    expect(await write(other)).toBe("false");
    await one.call("destroy");
    await one.seenAfterStops(1);
    expect(await write(one)).toBe("false");
  });

  it("is the environment of its image and its start alone", async () => {
    const response = await fixture.session("App", "writer").fetch("/env");
    const env = (await response.json()) as Record<string, string>;
    const names = Object.keys(env).filter((name) => !name.startsWith("CLOUDFLARE_"));
    expect(names.sort()).toEqual(["HOME", "HOSTNAME", "INSTANCE", "PATH"]);
    expect(JSON.stringify(env)).not.toContain(SECRET);
  });

  it("has no process or file of the host", async () => {
    const session = fixture.session("App", "writer");
    const inits = await (await session.fetch("/read?path=/proc/1/cmdline")).text();
    expect(inits).toBe("node\0server.js\0");
    const mine = await session.fetch(`/read?path=${fixture.project.path}/wrangler.jsonc`);
    expect(mine.status).not.toBe(200);
  });

  it("is no way out with enableInternet = false", async () => {
    const session = fixture.session("Offline", "a");
    const answer = await session.fetch("/connect?host=203.0.113.1");
    expect(await answer.text()).toBe("ENETUNREACH");
    const routes = await (await session.fetch("/read?path=/proc/net/route")).text();
    expect(routes.trim().split("\n")).toHaveLength(1); // the heading
  });
});
