import { describe, expect, it } from "vitest";
import { systemClock } from "../../src/testing/system-clock.ts";

describe("systemClock", () => {
  it("calls back once, unless cleared", async () => {
    const seen: string[] = [];
    const cleared = systemClock.setTimeout(() => seen.push("cleared"), 1);
    systemClock.clearTimeout(cleared);
    systemClock.clearTimeout(undefined);
    await new Promise<void>((resolve) => {
      systemClock.setTimeout(() => seen.push("kept"), 1);
      systemClock.setTimeout(resolve, 5);
    });
    expect(seen).toEqual(["kept"]);
    expect(Math.abs(systemClock.now() - Date.now())).toBeLessThan(1_000);
  });
});
