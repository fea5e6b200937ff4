import { describe, expect, it } from "vitest";

import { formatReference, parseReference } from "../../../src/images/registry/reference.ts";
import { readOffset } from "../../../src/images/registry/upload-session.ts";

const HUB = "registry-1.docker.io";
const digest = `sha256:${"0a".repeat(32)}`;

describe("parseReference()", () => {
  it.each([
    ["app", { registryHost: HUB, repository: "library/app" }, "docker.io/library/app"],
    [
      "app:1.2",
      { registryHost: HUB, repository: "library/app", tag: "1.2" },
      "docker.io/library/app:1.2",
    ],
    ["team/app", { registryHost: HUB, repository: "team/app" }, "docker.io/team/app"],
    ["docker.io/app", { registryHost: HUB, repository: "library/app" }, "docker.io/library/app"],
    [
      "index.docker.io/library/app",
      { registryHost: HUB, repository: "library/app" },
      "docker.io/library/app",
    ],
    ["localhost/app", { registryHost: "localhost", repository: "app" }, "localhost/app"],
    [
      "localhost:5000/x:v1",
      { registryHost: "localhost:5000", repository: "x", tag: "v1" },
      "localhost:5000/x:v1",
    ],
    ["host:80/a/b/c", { registryHost: "host:80", repository: "a/b/c" }, "host:80/a/b/c"],
    ["[::1]:5000/x", { registryHost: "[::1]:5000", repository: "x" }, "[::1]:5000/x"],
    [
      "Registry.Example/x",
      { registryHost: "registry.example", repository: "x" },
      "registry.example/x",
    ],
    [
      `ghcr.io/a/b:t@${digest}`,
      { registryHost: "ghcr.io", repository: "a/b", tag: "t", digest },
      `ghcr.io/a/b:t@${digest}`,
    ],
    [`a.b/c@${digest}`, { registryHost: "a.b", repository: "c", digest }, `a.b/c@${digest}`],
    ["a.b/x__y--z.w", { registryHost: "a.b", repository: "x__y--z.w" }, "a.b/x__y--z.w"],
  ])("reads %s", (text, expected, written) => {
    expect(parseReference(text)).toEqual(expected);
    expect(formatReference(parseReference(text))).toBe(written);
  });

  it.each([
    "",
    "App",
    "a.b/",
    "a.b//c",
    "a.b/../c",
    "a.b/c:",
    "a.b/c:-tag",
    "a.b/c:1:2",
    "a.b/c@sha256:abc",
    "a.b/c@md5:0123",
    `a.b/c@${digest}@${digest}`,
    "a.b/c?x",
    "a.b/c d",
    "https://a.b/c",
    "host:99999/c",
    `a.b/${"c".repeat(256)}`,
  ])("refuses %j by its value", (text) => {
    expect(() => parseReference(text)).toThrow(/^\[BAD_REFERENCE\] Cannot read image reference: "/);
  });
});

describe("readOffset()", () => {
  it.each([
    ["0-1023", 1024],
    ["bytes=0-9", 10],
    ["0-0", 0],
    ["5-9", undefined],
    ["", undefined],
    [undefined, undefined],
  ])("reads %s", (range, expected) => {
    expect(readOffset(range)).toBe(expected);
  });
});
