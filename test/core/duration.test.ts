import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { parseDuration } from "../../src/core/duration.ts";
import { errorCode } from "../../src/errors/container-error.ts";

const units = [
  ["d", 86_400_000],
  ["h", 3_600_000],
  ["m", 60_000],
  ["s", 1_000],
  ["ms", 1],
] as const;

describe("parseDuration()", () => {
  it.each([
    ["30s", 30_000],
    ["10m", 600_000],
    ["1h30m", 5_400_000],
    ["1d", 86_400_000],
    ["500ms", 500],
    ["1m500ms", 60_500],
    ["1.5h", 5_400_000],
    ["0.5s", 500],
    ["2d3h4m5s6ms", 183_845_006],
    ["0s", 0],
    [0, 0],
    [45, 45_000],
    [0.25, 250],
    ["36500d", 3_153_600_000_000],
  ])("reads %j as %i ms", (value, expected) => {
    expect(parseDuration(value, "sleepAfter")).toBe(expected);
  });

  it.each([
    "",
    " ",
    "10",
    "10 m",
    "-1s",
    "1w",
    "1y",
    "10M",
    "1m1h",
    "5s5s",
    "h",
    ".5s",
    "1.s",
    "1e3s",
    "٣s",
    "36501d",
    NaN,
    -1,
    -0.001,
    Infinity,
    -Infinity,
    Number.MAX_SAFE_INTEGER,
  ])("rejects %j, and names the field, the value and the fix", (value) => {
    const parse = () => parseDuration(value, "sleepAfter");
    expect(parse).toThrow(/^\[INVALID_DURATION\] Cannot read sleepAfter: /);
    expect(parse).toThrow(typeof value === "string" ? JSON.stringify(value) : String(value));
    expect(parse).toThrow('"10m"');
  });

  it.each([[["10m"]], [{ toString: () => "10m" }], [null], [undefined], [10n]])(
    "rejects %o, which is neither a text nor a number",
    (value) => {
      const parse = Reflect.apply(parseDuration.bind, parseDuration, [undefined, value, "x"]);
      expect(parse).toThrow("INVALID_DURATION");
    },
  );

  it("tells programs which setting it was", () => {
    expect(() => parseDuration("?", "sleepAfter")).toThrow(
      expect.objectContaining({ details: { field: "sleepAfter" } }),
    );
  });

  it("adds up any falling sequence of units", () => {
    const counts = fc.tuple(
      ...units.map(() => fc.option(fc.nat({ max: 999 }), { nil: undefined })),
    );
    fc.assert(
      fc.property(
        counts.filter((all) => all.some((count) => count !== undefined)),
        (all) => {
          const parts = all.map((count, i) => ({
            count,
            unit: units[i] ?? units[4],
          }));
          const named = parts.filter(({ count }) => count !== undefined);
          const text = named.map(({ count, unit }) => `${count}${unit[0]}`).join("");
          const expected = named.reduce((sum, { count, unit }) => sum + (count ?? 0) * unit[1], 0);
          expect(parseDuration(text, "x")).toBe(expected);
        },
      ),
    );
  });

  it("returns whole milliseconds from 0 up, or throws INVALID_DURATION, for any text or number", () => {
    fc.assert(
      fc.property(fc.oneof(fc.string(), fc.double(), fc.integer()), (value) => {
        try {
          const ms = parseDuration(value, "x");
          expect(Number.isSafeInteger(ms) && ms >= 0).toBe(true);
        } catch (error) {
          expect(errorCode(error)).toBe("INVALID_DURATION");
        }
      }),
    );
  });
});
