import { describe, expect, it } from "vitest";
import { FakeClock } from "../../src/testing/fake-clock.ts";
import { OpenSockets, type Closable } from "../../src/worker/open-sockets.ts";

interface Scene {
  readonly clock: FakeClock;
  readonly sockets: OpenSockets;
  /** When each was closed, by the code, in milliseconds. */
  readonly closings: [code: number, atMs: number][];
  add(): Closable;
}

function sceneOf(count: number): Scene {
  const clock = new FakeClock(0);
  const sockets = new OpenSockets(clock);
  const closings: [number, number][] = [];
  const add = (): Closable => {
    const one = { close: (code: number): void => void closings.push([code, clock.now()]) };
    sockets.add(one);
    return one;
  };
  for (let index = 0; index < count; index += 1) add();
  return { clock, sockets, closings, add };
}

const closing = { code: 1012, reason: "restart", spreadMs: 10_000 };

describe("OpenSockets", () => {
  it("closes a few at once", async () => {
    const { clock, sockets, closings } = sceneOf(10);
    await sockets.closeAll(closing);
    expect(closings).toEqual(Array.from({ length: 10 }, () => [1012, 0]));
    expect([sockets.size, clock.pending]).toEqual([0, 0]);
  });

  it.each([11, 250, 1_000])("closes %d evenly over the time given", async (count) => {
    const { clock, sockets, closings } = sceneOf(count);
    const done = sockets.closeAll(closing);
    for (let second = 1; second <= 10; second += 1) {
      await clock.advance(1_000);
      const expected = (count * second) / 10;
      expect(Math.abs(closings.length - expected)).toBeLessThanOrEqual(3);
    }
    await done;
    expect(closings).toHaveLength(count);
    expect(sockets.size).toBe(0);
    expect(Math.max(...closings.map(([, atMs]) => atMs))).toBeLessThan(10_000);
  });

  it("closes many at once when there is no time", async () => {
    const { sockets, closings } = sceneOf(1_000);
    await sockets.closeAll({ ...closing, spreadMs: 0 });
    expect(closings).toHaveLength(1_000);
  });

  it("leaves out those that closed meanwhile, and those that opened", async () => {
    const { clock, sockets, closings, add } = sceneOf(99);
    const last = add();
    const done = sockets.closeAll(closing);
    sockets.remove(last);
    add();
    await clock.advance(10_000);
    await done;
    expect([closings.length, sockets.size]).toEqual([99, 1]);
  });

  it("closes what is left at once when told again, and each only once", async () => {
    const { clock, sockets, closings } = sceneOf(100);
    const done = sockets.closeAll(closing);
    await clock.advance(5_000);
    const before = closings.length;
    await sockets.closeAll({ code: 1001, reason: "", spreadMs: 0 });
    expect(closings.filter(([code]) => code === 1001)).toHaveLength(100 - before);
    await clock.advance(10_000);
    await done;
    expect(closings).toHaveLength(100);
  });

  it("has nothing to do when there are none", async () => {
    await sceneOf(0).sockets.closeAll(closing);
  });
});
