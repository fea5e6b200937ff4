import { describe, expect, it } from "vitest";
import { nextSlotMs } from "../../../src/core/schedule/next-slot.ts";
import { everySeconds } from "./tasks.ts";

describe("nextSlotMs()", () => {
  it("is none for a task that runs once", () => {
    expect(nextSlotMs({ kind: "once" }, 0, undefined)).toBeUndefined();
  });

  it.each([
    [0, 5_000],
    [4_999, 5_000],
    [5_000, 6_000],
    [5_999, 6_000],
    [6_000, 7_000],
    [70_500, 71_000],
  ])("keeps the beat of an interval: after %d comes %d", (afterMs, expected) => {
    const spec = { kind: "every", everyMs: 1_000, fromMs: 5_000 } as const;
    expect(nextSlotMs(spec, afterMs, undefined)).toBe(expected);
  });

  it("asks the parser about a cron expression and its time zone", () => {
    const asked: unknown[] = [];
    const spec = { kind: "cron", expression: "7", timeZone: "Europe/Berlin" } as const;
    const slot = nextSlotMs(spec, 8_000, (...args) => {
      asked.push(args);
      return everySeconds(...args);
    });
    expect(slot).toBe(14_000);
    expect(asked).toEqual([["7", "Europe/Berlin"]]);
  });

  it("is none when the parser knows no more", () => {
    expect(nextSlotMs({ kind: "cron", expression: "7" }, 60_000, everySeconds)).toBeUndefined();
  });

  it("says which import brings the parser", () => {
    const ask = () => nextSlotMs({ kind: "cron", expression: "7" }, 0, undefined);
    expect(ask).toThrow(
      '[INVALID_CONFIG] Cannot read a cron expression: the class has no parser; add `import { cron } from "@berth/containers/cron"` and the field `cron = cron`',
    );
  });
});
