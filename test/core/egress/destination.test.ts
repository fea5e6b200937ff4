import { describe, expect, it } from "vitest";
import { destinationOf, normalHost } from "../../../src/core/egress/destination.ts";

describe("destinationOf()", () => {
  it.each([
    ["http://a.example.com/", "http", 80],
    ["ws://a.example.com/", "http", 80],
    ["https://a.example.com/", "https", 443],
    ["wss://a.example.com/", "https", 443],
    ["wss://a.example.com:8443/", "https", 8_443],
  ])("reads %s", (url, scheme, port) => {
    const host = "a.example.com";
    expect(destinationOf(new URL(url))).toEqual({ scheme, host, port, address: undefined });
  });

  it("knows an address in brackets", () => {
    const { host, address } = destinationOf(new URL("http://[::1]/"));
    expect(host).toBe("::1");
    expect(address).toEqual([...Array.from({ length: 15 }, () => 0), 1]);
  });
});

describe("normalHost()", () => {
  it.each([
    ["Example.COM", "example.com"],
    ["example.com.", "example.com"],
    ["example.com...", "example.com"],
    ["[FE80::1]", "fe80::1"],
    ["[::1", "[::1"],
    ["1::1]", "1::1]"],
  ])("writes %s as %s", (host, normal) => {
    expect(normalHost(host)).toBe(normal);
  });
});
