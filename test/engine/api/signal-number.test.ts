import { describe, expect, it } from "vitest";

import { parseSignal } from "../../../src/engine/api/signal-number.ts";

describe("parseSignal()", () => {
  it.each([
    ["SIGTERM", 15],
    ["TERM", 15],
    ["sigkill", 9],
    ["9", 9],
    ["SIGSTKFLT", 16],
    ["SIGIO", 29],
    ["SIGPWR", 30],
    ["SIGSYS", 31],
    ["64", 64],
  ])("reads %s as %d", (text, signal) => {
    expect(parseSignal(text)).toBe(signal);
  });

  it.each(["", "0", "65", "-1", "SIGNOPE", "constructor", "9 "])("refuses %j", (text) => {
    expect(() => parseSignal(text)).toThrow("[BAD_REQUEST]");
  });
});
