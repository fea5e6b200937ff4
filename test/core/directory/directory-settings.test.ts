import { describe, expect, it } from "vitest";
import {
  readDirectory,
  type DirectoryOptions,
} from "../../../src/core/directory/directory-settings.ts";

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

  it.each([
    ["/", "the path is"],
    ["//", "the path is"],
    ["", "the path is"],
    ["data", "the path is"],
    ["/a/../b", "the path is"],
    ["/a/.", "the path is"],
    ["/a\0", "the path is"],
    [undefined, "the path is"],
  ])("refuses the path %j", (path, text) => {
    expect(() => readDirectory(path as string, bucket)).toThrow(invalid(text));
  });

  it.each([undefined, {}, "files"])("refuses %j as a bucket", (given) => {
    expect(() => readDirectory("/data", given as unknown as R2Bucket)).toThrow(
      invalid("the bucket is none"),
    );
  });

  it.each([
    [{ on: [] }, "directory(): on is []"],
    [{ on: ["exit"] }, 'on is ["exit"]'],
    [{ keep: 0 }, "keep is 0"],
    [{ keep: 1.5 }, "keep is 1.5"],
    [{ timeout: 0 }, "timeout is 0"],
    [{ prefix: "" }, "prefix is"],
    [{ prefix: "/a" }, "prefix is"],
    [{ prefix: "a/" }, "prefix is"],
  ])("refuses %j", (options, text) => {
    expect(() => readDirectory("/data", bucket, options as DirectoryOptions)).toThrow(
      invalid(text),
    );
  });

  it("refuses what is no duration", () => {
    expect(() => readDirectory("/data", bucket, { timeout: "soon" })).toThrow("INVALID_DURATION");
  });
});

function invalid(text: string): unknown {
  return expect.objectContaining({
    code: "INVALID_CONFIG",
    message: expect.stringContaining(text) as string,
  });
}
