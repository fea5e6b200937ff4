import { describe, expect, it } from "vitest";
import { isPathSource, pathSegment } from "../../../src/core/routing/path-segment.ts";

describe("pathSegment()", () => {
  it.each<[string, number | string, string | undefined]>([
    ["/a/b", 0, "a"],
    ["/a/b", 1, "b"],
    ["/a/b", 2, undefined],
    ["/", 0, ""],
    ["//b", 0, ""],
    ["/a%20b", 0, "a b"],
    ["/%zz", 0, undefined],
    ["/sessions/42", "/sessions/:id", "42"],
    ["/sessions/42/files/x", "/sessions/:id", "42"],
    ["/v1/42/run", "/v1/:id/run", "42"],
    ["/v1/42/stop", "/v1/:id/run", undefined],
    ["/v1/42", "/v1/:id/run", undefined],
    ["/sessions", "/sessions/:id", undefined],
    ["/sessions/", "/sessions/:id", ""],
    ["/other/42", "/sessions/:id", undefined],
  ])("of %j at %j is %j", (pathname, where, expected) => {
    expect(pathSegment(pathname, where)).toBe(expected);
  });
});

describe("isPathSource()", () => {
  it.each<[number | string, boolean]>([
    [0, true],
    [3, true],
    [-1, false],
    [1.5, false],
    [NaN, false],
    ["/s/:id", true],
    ["/:id", true],
    ["s/:id", false],
    ["/s", false],
    ["/:a/:b", false],
    ["", false],
  ])("of %j is %s", (where, expected) => {
    expect(isPathSource(where)).toBe(expected);
  });
});
