import { afterEach, describe, expect, it, vi } from "vitest";
import {
  compatibilityFlags,
  isSignalNamed,
  warnOfUnseenAborts,
} from "../../src/worker/request-signal.ts";

const BOTH = { enable_request_signal: true, request_signal_passthrough: true };

afterEach(() => {
  vi.restoreAllMocks();
});

describe("compatibilityFlags()", () => {
  it("reads the flags of this Worker, which has both", () => {
    expect(compatibilityFlags()).toMatchObject(BOTH);
  });
});

describe("warnOfUnseenAborts()", () => {
  it("names both flags and the missing one, once a class", () => {
    const warn = vi.spyOn(console, "warn").mockImplementation(() => {});
    class App {}
    class Other {}
    const flags = { enable_request_signal: true };
    for (const each of [App, App, Other]) warnOfUnseenAborts(each, flags);
    expect(warn).toHaveBeenCalledTimes(2);
    expect(warn.mock.calls[0]?.[0]).toMatch(
      /^App: .* 15 minutes; .*\["enable_request_signal","request_signal_passthrough"\] \(missing: request_signal_passthrough\)$/,
    );
  });

  it.each([
    ["both are there", BOTH],
    ["the platform does not tell", undefined],
  ])("says nothing when %s", (_when, flags) => {
    const warn = vi.spyOn(console, "warn").mockImplementation(() => {});
    warnOfUnseenAborts(class {}, flags);
    expect(warn).not.toHaveBeenCalled();
  });
});

describe("isSignalNamed()", () => {
  it.each([
    [BOTH, false],
    [{ enable_request_signal: true }, true],
    [{ request_signal_passthrough: true }, false],
    [{}, false],
    [undefined, false],
  ])("is, with %j, %j", (flags, expected) => {
    expect(isSignalNamed(flags)).toBe(expected);
  });
});
