import { describe, expect, it } from "vitest";
import { destinationOf } from "../../../src/core/egress/destination.ts";
import {
  isOneHost,
  matchesPattern,
  parseHostPattern,
} from "../../../src/core/egress/host-pattern.ts";
import { ContainerError } from "../../../src/errors/container-error.ts";

function faultOf(text: unknown): ContainerError | undefined {
  try {
    parseHostPattern(text, "deniedHosts[0]");
    return undefined;
  } catch (error) {
    if (error instanceof ContainerError) return error;
    throw error;
  }
}

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
    ["a*b*c", "http://adc/", false],
    ["a*bc*c", "http://abc/", false],
    ["a*c", "http://bbc/", false],
    ["a*c", "http://abb/", false],
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
    ["10.1.0.0/16", "http://10.1.200.1/", true],
    ["10.1.0.0/16", "http://10.2.200.1/", false],
    ["10.0.0.5/32", "http://10.0.0.5/", true],
    ["10.0.0.5/32", "http://10.0.0.4/", false],
    ["10.0.0.0/8:80", "http://10.1.1.1/", true],
    ["10.0.0.0/8:80", "https://10.1.1.1/", false],
    ["::1", "http://[0:0:0:0:0:0:0:1]/", true],
    ["[::1]", "http://[::1]/", true],
    ["[::1]:8080", "http://[::1]:8080/", true],
    ["[::1]:8080", "http://[::1]/", false],
    ["fd00::/8", "http://[fd12:3456::1]/", true],
    ["[fd00::/8]:443", "https://[fd12::1]/", true],
    ["[fd12::]/16:443", "https://[fd12:3456::1]/", true],
    ["[fd12::]/16:443", "https://[fd13::1]/", false],
    ["[fd12::]/16:443", "http://[fd12::1]/", false],
    ["FE80::1", "http://[fe80::1]/", true],
    ["bücher.example", "http://xn--bcher-kva.example/", true],
  ])("%s and %s: %s", (pattern, url, expected) => {
    expect(matches(pattern, url)).toBe(expected);
  });

  it.each([
    ["", '"api.example.com"'],
    [" ", '"api.example.com"'],
    [undefined, '"api.example.com"'],
    [7, '"api.example.com"'],
    ["https://evil.com", "without a scheme"],
    ["evil.com?x", "without a scheme"],
    ["user@evil.com", "without a scheme"],
    ["evil .com", "blanks"],
    ["evil.com:0", '"0" is not a port; use an integer from 1 to 65535'],
    ["evil.com:65536", '"65536" is not a port'],
    ["evil.com:http", '"http" is not a port'],
    ["evil.com:", '"" is not a port'],
    ["evil.com/path", '"10.0.0.0/8"'],
    ["10.0.0.0/33", '"10.0.0.0/8"'],
    ["10.0.0.0/", '"10.0.0.0/8"'],
    ["10.0.0.0/8/8", '"10.0.0.0/8"'],
    ["10.0.0.0/008x", '"10.0.0.0/8"'],
    ["10.0.0.0/0008", '"10.0.0.0/8"'],
    ["10.0.0.0/-8", '"10.0.0.0/8"'],
    ["10.0.0.0/1e1", '"10.0.0.0/8"'],
    ["fd00::/129", '"10.0.0.0/8"'],
    ["1:2:3", "no host"],
    ["x[::1]:80", "no host"],
    ["[::1]x", "no host"],
    ["[::1", "no host"],
    ["[a:80]", "no host"],
    [".", "no host"],
  ])("%j is refused by its field, with what would do", (text, fix) => {
    const fault = faultOf(text);
    expect(fault?.code).toBe("INVALID_CONFIG");
    expect(fault?.details).toEqual({ field: "deniedHosts[0]" });
    const value = typeof text === "string" ? JSON.stringify(text) : String(text);
    expect(fault?.message).toContain(`Cannot use deniedHosts[0]: ${value}: `);
    expect(fault?.message).toContain(fix);
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
