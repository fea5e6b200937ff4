import { describe, expect, it } from "vitest";
import { FakeClock } from "../../src/testing/fake-clock.ts";

describe("FakeClock", () => {
  it("runs what is due in the order of its time, and shows each its own time", async () => {
    const clock = new FakeClock(1_000);
    const seen: string[] = [];
    clock.setTimeout(() => seen.push(`b ${clock.now()}`), 20);
    clock.setTimeout(() => seen.push(`a ${clock.now()}`), 10);
    clock.setTimeout(() => seen.push("never"), 31);
    await clock.advance(30);
    expect(seen).toEqual(["a 1010", "b 1020"]);
    expect(clock.now()).toBe(1_030);
    expect(clock.pending).toBe(1);
  });

  it("runs timers that a timer sets, after what awaited it", async () => {
    const clock = new FakeClock();
    let rounds = 0;
    const poll = async (): Promise<void> => {
      while (rounds < 5) {
        await new Promise<void>((resolve) => {
          clock.setTimeout(resolve, 100);
        });
        rounds += 1;
      }
    };
    const polling = poll();
    await clock.advance(499);
    expect(rounds).toBe(4);
    await clock.advance(1);
    await polling;
    expect(rounds).toBe(5);
  });

  it("forgets a cleared timer, and minds no unknown one", async () => {
    const clock = new FakeClock();
    let isCalled = false;
    clock.clearTimeout(
      clock.setTimeout(() => {
        isCalled = true;
      }, 1),
    );
    clock.clearTimeout(undefined);
    await clock.advance(10);
    expect(isCalled).toBe(false);
  });
});
