import { describe, expect, it } from "vitest";
import { parseMoment } from "../../src/core/moment.ts";

const FURTHEST_MS = 8_640_000_000_000_000;

describe("parseMoment()", () => {
  it.each([
    [0, 0],
    [1_700_000_000_000, 1_700_000_000_000],
    [FURTHEST_MS, FURTHEST_MS],
    [new Date(0), 0],
    [new Date(1_700_000_000_000), 1_700_000_000_000],
  ])("reads %o as %d", (at, expected) => {
    expect(parseMoment(at, "the alarm")).toBe(expected);
  });

  it.each([-1, NaN, Infinity, FURTHEST_MS + 1, new Date(NaN), new Date(-1)])(
    "refuses the moment %o",
    (at) => {
      expect(() => parseMoment(at, "the alarm")).toThrow(
        /^\[INVALID_ARGUMENT\] Cannot set the alarm: .* is not a moment; use a Date or milliseconds since the epoch$/,
      );
    },
  );

  it.each([undefined, null, "1000", "2026-01-01", [5], { valueOf: () => 5 }, 5n])(
    "refuses %o, which is no moment at all",
    (at) => {
      expect(() => parseMoment(at, "the alarm")).toThrow("is not a moment");
    },
  );
});
