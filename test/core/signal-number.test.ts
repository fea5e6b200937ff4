import { describe, expect, it } from "vitest";
import { signalNumber } from "../../src/core/signal-number.ts";

describe("signalNumber()", () => {
  it.each([
    ["SIGINT", 2],
    ["SIGKILL", 9],
    ["SIGTERM", 15],
    [1, 1],
    [64, 64],
    ["15", 15],
  ])("reads %j as %d", (signal, expected) => {
    expect(signalNumber(signal)).toBe(expected);
  });

  it.each([0, -1, 65, 1.5, NaN, "", "SIGHUP", "sigterm", "toString"])(
    "refuses %j, and says what would do",
    (signal) => {
      const shown = typeof signal === "string" ? JSON.stringify(signal) : String(signal);
      expect(() => signalNumber(signal)).toThrow(
        `[INVALID_ARGUMENT] Cannot send signal ${shown}: not a signal; use SIGINT, SIGKILL, SIGTERM or a number from 1 to 64`,
      );
    },
  );
});
