import { describe, expect, it } from "vitest";
import {
  readDirectory,
  type DirectoryOptions,
} from "../../../src/core/directory/directory-settings.ts";
import { shown } from "../../../src/errors/shown.ts";

const bucket = { createMultipartUpload: () => undefined } as unknown as R2Bucket;

describe("readDirectory()", () => {
  it("keeps two archives, before every stop, for a minute each", () => {
    expect(readDirectory("/data", bucket)).toEqual({
      kind: "directory",
      path: "/data",
      bucket,
      on: ["idle", "stop"],
      keep: 2,
      timeoutMs: 60_000,
      prefix: "berth",
    });
  });

  it("takes what it is given", () => {
    const options = { on: ["idle"], keep: 1, timeout: "5m", prefix: "a/b" } as const;
    expect(readDirectory("/var//lib/app/", bucket, options)).toEqual({
      kind: "directory",
      path: "/var/lib/app",
      bucket,
      on: ["idle"],
      keep: 1,
      timeoutMs: 300_000,
      prefix: "a/b",
    });
  });

  it.each(["a", "7", "a/b/c"])("takes the prefix %j", (prefix) => {
    expect(readDirectory("/data", bucket, { prefix }).prefix).toBe(prefix);
  });

  it.each(["/", "//", "", "data", "/a/../b", "/a/.", "/a\0", undefined, ["/data"]])(
    "refuses the path %j",
    (path) => {
      const fix = 'use an absolute one such as "/data", without ..';
      expect(() => readDirectory(path as string, bucket)).toThrow(
        invalid(`the path is ${shown(path)}; ${fix}`),
      );
    },
  );

  it.each([undefined, {}, "files"])("refuses %j as a bucket", (given) => {
    expect(() => readDirectory("/data", given as unknown as R2Bucket)).toThrow(
      invalid('the bucket is none; add it to "r2_buckets"'),
    );
  });

  it.each([
    [{ on: [] }, "directory(): on is []"],
    [{ on: ["exit"] }, 'on is ["exit"]'],
    [{ keep: 0 }, "keep is 0; use an integer of 1 or more"],
    [{ keep: 1.5 }, "keep is 1.5; use an integer of 1 or more"],
    [{ timeout: 0 }, 'timeout is 0; use a duration such as "60s"'],
    [{ prefix: "" }, 'prefix is ""; use a text such as "berth", without /'],
    [{ prefix: "/a" }, 'prefix is "/a"; use a text such as "berth", without /'],
    [{ prefix: "a/" }, 'prefix is "a/"; use a text such as "berth", without /'],
    [{ prefix: 7 }, "prefix is 7; use a text"],
  ])("refuses %j", (options, text) => {
    expect(() => readDirectory("/data", bucket, options as DirectoryOptions)).toThrow(
      invalid(text),
    );
  });

  it("refuses what is no duration", () => {
    expect(() => readDirectory("/data", bucket, { timeout: "soon" })).toThrow(
      expect.objectContaining({
        code: "INVALID_DURATION",
        message: expect.stringContaining("persist.timeout") as string,
      }),
    );
  });
});

function invalid(text: string): unknown {
  return expect.objectContaining({
    code: "INVALID_CONFIG",
    message: expect.stringContaining(text) as string,
  });
}
