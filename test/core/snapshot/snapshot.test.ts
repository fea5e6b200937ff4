import { describe, expect, it } from "vitest";
import { NO_PLAN, snapshot, type SnapshotOptions } from "../../../src/core/snapshot/snapshot.ts";

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
    expect(snapshot({ on: ["idle"], keep: 1, refresh: "1m", timeout: "5m" })).toEqual({
      kind: "snapshot",
      on: ["idle"],
      keep: 1,
      refreshMs: 60_000,
      timeoutMs: 300_000,
    });
  });

  it("takes a refresh of less than thirty days", () => {
    expect(snapshot({ refresh: "29d" }).refreshMs).toBe(29 * 86_400_000);
  });

  it.each([
    [{ on: [] }, 'snapshot(): on is []; use a list of "idle" and "stop"'],
    [{ on: ["exit"] }, 'on is ["exit"]; use a list of "idle" and "stop"'],
    [{ on: ["idle", "exit"] }, 'on is ["idle","exit"]; use a list of "idle" and "stop"'],
    [{ on: "idle" }, 'on is "idle"; use a list'],
    [{ keep: 0 }, "keep is 0; use an integer of 1 or more"],
    [{ keep: 1.5 }, "keep is 1.5; use an integer of 1 or more"],
    [{ refresh: "30d" }, 'refresh is "30d"; use 1m or more, and less than 30d'],
    [{ refresh: "59s" }, 'refresh is "59s"; use 1m or more, and less than 30d'],
    [{ timeout: 0 }, 'timeout is 0; use a duration such as "60s"'],
  ])("refuses %j", (options, text) => {
    expect(() => snapshot(options as SnapshotOptions)).toThrow(
      expect.objectContaining({
        code: "INVALID_CONFIG",
        message: expect.stringContaining(text) as string,
      }),
    );
  });

  it.each([
    [{ refresh: "soon" }, "refresh"],
    [{ timeout: "soon" }, "persist.timeout"],
  ])("refuses what is no duration: %j", (options, name) => {
    expect(() => snapshot(options)).toThrow(
      expect.objectContaining({
        code: "INVALID_DURATION",
        message: expect.stringContaining(name) as string,
      }),
    );
  });
});

describe("NO_PLAN", () => {
  it("keeps nothing by itself, and what it is asked for as snapshot() does", () => {
    expect(NO_PLAN).toEqual({ ...snapshot(), on: [] });
  });
});
