import { describe, expect, it } from "vitest";
import { snapshot, type SnapshotOptions } from "../../../src/core/snapshot/snapshot.ts";

describe("snapshot()", () => {
  it("keeps three, before every stop, for a minute each", () => {
    expect(snapshot()).toEqual({
      kind: "snapshot",
      on: ["idle", "stop"],
      keep: 3,
      refreshMs: Infinity,
      timeoutMs: 60_000,
    });
  });

  it("takes what it is given", () => {
    expect(snapshot({ on: ["idle"], keep: 1, refresh: "29d", timeout: "5m" })).toEqual({
      kind: "snapshot",
      on: ["idle"],
      keep: 1,
      refreshMs: 29 * 86_400_000,
      timeoutMs: 300_000,
    });
  });

  it.each([
    [{ on: [] }, "on is []"],
    [{ on: ["exit"] }, 'on is ["exit"]'],
    [{ on: "idle" }, 'on is "idle"'],
    [{ keep: 0 }, "keep is 0"],
    [{ keep: 1.5 }, "keep is 1.5"],
    [{ refresh: "30d" }, 'refresh is "30d"'],
    [{ refresh: "59s" }, 'refresh is "59s"'],
    [{ timeout: 0 }, "timeout is 0"],
  ])("refuses %j", (options, text) => {
    expect(() => snapshot(options as SnapshotOptions)).toThrow(
      expect.objectContaining({
        code: "INVALID_CONFIG",
        message: expect.stringContaining(text) as string,
      }),
    );
  });

  it.each([{ refresh: "soon" }, { timeout: "soon" }])(
    "refuses what is no duration: %j",
    (options) => {
      expect(() => snapshot(options)).toThrow("INVALID_DURATION");
    },
  );
});
