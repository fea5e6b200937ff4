import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { isInNetwork, parseIpAddress } from "../../../src/core/egress/ip-address.ts";

describe("parseIpAddress", () => {
  it.each([
    ["10.0.0.1", [10, 0, 0, 1]],
    ["255.255.255.255", [255, 255, 255, 255]],
    ["::ffff:10.0.0.1", [10, 0, 0, 1]],
    ["::FFFF:a00:1", [10, 0, 0, 1]],
    ["::", Array.from({ length: 16 }, () => 0)],
    ["::1", [...Array.from({ length: 15 }, () => 0), 1]],
    ["fe80::1:2", [0xfe, 0x80, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 1, 0, 2]],
    ["1:2:3:4:5:6:7:8", [0, 1, 0, 2, 0, 3, 0, 4, 0, 5, 0, 6, 0, 7, 0, 8]],
    ["64:ff9b::1.2.3.4", [0, 0x64, 0xff, 0x9b, 0, 0, 0, 0, 0, 0, 0, 0, 1, 2, 3, 4]],
  ])("reads %s", (text, bytes) => {
    expect(parseIpAddress(text)).toEqual(bytes);
  });

  it.each([
    "",
    "example.com",
    "10.0.0",
    "10.0.0.256",
    "010.0.0.1",
    "1.2.3.4.5",
    ":",
    ":::",
    "1::2::3",
    "1:2:3:4:5:6:7",
    "1:2:3:4:5:6:7:8:9",
    "1:2:3:4::5:6:7:8",
    "g::1",
    "12345::",
    "1.2.3.4::",
    "[::1]",
  ])("takes %j for no address", (text) => {
    expect(parseIpAddress(text)).toBeUndefined();
  });

  it("reads what the platform writes", () => {
    fc.assert(
      fc.property(fc.ipV6(), (text) => {
        const written = new URL(`http://[${text}]`).hostname.slice(1, -1);
        expect(parseIpAddress(text)).toEqual(parseIpAddress(written));
        expect(parseIpAddress(text)).toBeDefined();
      }),
    );
  });
});

describe("isInNetwork", () => {
  it.each([
    ["10.1.2.3", "10.0.0.0", 8, true],
    ["11.1.2.3", "10.0.0.0", 8, false],
    ["192.168.1.127", "192.168.1.0", 25, true],
    ["192.168.1.128", "192.168.1.0", 25, false],
    ["8.8.8.8", "0.0.0.0", 0, true],
    ["10.0.0.1", "10.0.0.1", 32, true],
    ["10.0.0.2", "10.0.0.1", 32, false],
    ["fd12::1", "fd00::", 8, true],
    ["fe12::1", "fd00::", 8, false],
    ["fd12::1", "10.0.0.0", 0, false],
  ])("%s in %s/%i: %s", (address, network, prefixBits, expected) => {
    const [one = [], other = []] = [address, network].map((text) => parseIpAddress(text));
    expect(isInNetwork(one, other, prefixBits)).toBe(expected);
  });
});
