import { describe, expect, it } from "vitest";
import { destinationOf } from "../../../src/core/egress/destination.ts";
import {
  isOneHost,
  matchesPattern,
  parseHostPattern,
} from "../../../src/core/egress/host-pattern.ts";

const matches = (pattern: string, url: string): boolean =>
  matchesPattern(parseHostPattern(pattern, "host"), destinationOf(new URL(url)));

describe("A pattern of hosts", () => {
  it.each([
    "http://evil.com/",
    "https://evil.com/",
    "http://EVIL.com/",
    "http://evil.com./",
    "https://evil.COM./path?q=1",
    "http://evil.com:8080/",
    "https://evil.com:443/",
    "http://user:pass@evil.com/",
    "http://ev%69l.com/",
    "http://ｅｖｉｌ.com/",
    "http://evil。com/",
    "wss://Evil.com/socket",
  ])("Evil.com speaks of %s", (url) => {
    expect(matches("Evil.com", url)).toBe(true);
    expect(matches("evil.com.", url)).toBe(true);
  });

  it.each([
    "http://notevil.com/",
    "http://evil.com.example/",
    "http://www.evil.com/",
    "http://example.com/evil.com",
    "http://evil.com@example.com/",
  ])("Evil.com does not speak of %s", (url) => {
    expect(matches("Evil.com", url)).toBe(false);
  });

  it.each([
    ["*", "http://anything.example/", true],
    ["*.example.com", "http://a.example.com/", true],
    ["*.example.com", "http://a.b.example.com/", true],
    ["*.example.com", "http://example.com/", false],
    ["*.Example.com.", "https://A.EXAMPLE.com./", true],
    ["google.*.com", "http://google.eu.com/", true],
    ["goo*gle*", "http://gooooogle.com/", true],
    ["a*a", "http://a/", false],
    ["a*b*a", "http://aba/", true],
    ["a*b*c", "http://acb/", false],
    ["10.*", "http://10.9.8.7/", true],
    ["*:8443", "https://any.example:8443/", true],
    ["*:8443", "https://any.example/", false],
  ])("%s and %s: %s", (pattern, url, expected) => {
    expect(matches(pattern, url)).toBe(expected);
  });

  it.each([
    ["10.0.0.5", "http://10.0.0.5/", true],
    ["10.0.0.5", "http://0x0a.0.0.5/", true],
    ["10.0.0.5", "http://167772165/", true],
    ["10.0.0.5", "http://[::ffff:10.0.0.5]/", true],
    ["10.0.0.5", "http://[::ffff:a00:5]:81/", true],
    ["10.0.0.5:8080", "http://10.0.0.5:8080/", true],
    ["10.0.0.5:8080", "http://10.0.0.5/", false],
    ["10.0.0.0/8", "https://10.200.0.1/", true],
    ["10.0.0.0/8", "https://11.0.0.1/", false],
    ["10.0.0.0/8", "https://10.example.com/", false],
    ["10.0.0.0/8:80", "http://10.1.1.1/", true],
    ["10.0.0.0/8:80", "https://10.1.1.1/", false],
    ["::1", "http://[0:0:0:0:0:0:0:1]/", true],
    ["[::1]", "http://[::1]/", true],
    ["[::1]:8080", "http://[::1]:8080/", true],
    ["[::1]:8080", "http://[::1]/", false],
    ["fd00::/8", "http://[fd12:3456::1]/", true],
    ["[fd00::/8]:443", "https://[fd12::1]/", true],
    ["FE80::1", "http://[fe80::1]/", true],
    ["bücher.example", "http://xn--bcher-kva.example/", true],
  ])("%s and %s: %s", (pattern, url, expected) => {
    expect(matches(pattern, url)).toBe(expected);
  });

  it.each([
    "",
    " ",
    "https://evil.com",
    "evil.com/path",
    "evil.com?x",
    "user@evil.com",
    "evil .com",
    "evil.com:0",
    "evil.com:65536",
    "evil.com:http",
    "evil.com:",
    "10.0.0.0/33",
    "10.0.0.0/",
    "10.0.0.0/8/8",
    "fd00::/129",
    "1:2:3",
    ".",
    undefined,
    7,
  ])("%j is refused by its field", (text) => {
    expect(() => parseHostPattern(text, "deniedHosts[0]")).toThrow(
      /^\[INVALID_CONFIG\] Cannot use deniedHosts\[0\]: /,
    );
  });

  it.each([
    ["example.com", true],
    ["example.com:80", true],
    ["10.0.0.1", true],
    ["::1", true],
    ["10.0.0.0/8", false],
    ["*.example.com", false],
  ])("%s is of one host: %s", (pattern, expected) => {
    expect(isOneHost(parseHostPattern(pattern, "host"))).toBe(expected);
  });
});
