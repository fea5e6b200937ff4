import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { parsePort } from "../../src/core/port.ts";

describe("parsePort()", () => {
  it.each([
    [1, 1],
    [8080, 8080],
    [65_535, 65_535],
    ["8080", 8080],
  ])("reads %j", (value, expected) => {
    expect(parsePort(value, "defaultPort")).toBe(expected);
  });

  it.each([
    0,
    -1,
    65_536,
    80.5,
    NaN,
    Infinity,
    "",
    "80a",
    "0x50",
    " 80",
    "100000",
    null,
    undefined,
    [8080],
  ])("rejects %j, and names the field and the value", (value) => {
    const shown = typeof value === "string" ? JSON.stringify(value) : String(value);
    expect(() => parsePort(value, "defaultPort")).toThrow(
      `[INVALID_PORT] Cannot use defaultPort: ${shown} is not a port`,
    );
  });

  it("tells programs which setting it was", () => {
    expect(() => parsePort(0, "defaultPort")).toThrow(
      expect.objectContaining({ details: { field: "defaultPort" } }),
    );
  });

  it("accepts exactly the integers from 1 to 65535", () => {
    fc.assert(
      fc.property(
        fc.oneof(fc.integer(), fc.integer({ min: -2, max: 65_540 }), fc.double()),
        (n) => {
          const isPort = Number.isInteger(n) && n > 0 && n < 65_536;
          if (isPort) expect(parsePort(n, "x")).toBe(n);
          else expect(() => parsePort(n, "x")).toThrow("INVALID_PORT");
        },
      ),
    );
  });
});
