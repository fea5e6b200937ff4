import { describe, expect, it } from "vitest";

import { addressBytes } from "../../../src/engine/egress/address-bytes.ts";
import { remotesOf } from "../../../src/engine/egress/original-destination.ts";
import { isPublicAddress } from "../../../src/engine/egress/public-address.ts";

describe("isPublicAddress()", () => {
  it.each(["1.1.1.1", "93.184.216.34", "172.32.0.1", "2606:4700::1111"])("takes %s", (address) => {
    expect(isPublicAddress(address, [])).toBe(true);
  });

  it.each([
    ...["0.0.0.0", "10.1.2.3", "100.100.0.1", "127.0.0.1", "169.254.169.254", "172.17.0.1"],
    ...["192.0.2.1", "192.168.1.1", "224.0.0.1", "255.255.255.255"],
    ...["::", "::1", "::ffff:127.0.0.1", "64:ff9b::7f00:1", "fd00::1", "fe80::1", "ff02::1"],
    ...["2001:db8::1", "2002:7f00:1::"],
  ])("refuses %s", (address) => {
    expect(isPublicAddress(address, [])).toBe(false);
  });

  it("refuses what the host itself has", () => {
    expect(isPublicAddress("1.1.1.1", ["1.1.1.1"])).toBe(false);
  });
});

describe("remotesOf()", () => {
  // As the kernel of a machine with little-endian words writes it.
  const table = `  sl  local_address rem_address   st tx_queue
   0: 0300007F:EE98 00000000:0000 0A 00000000:00000000
   1: 0100007F:96AA 22D8B85D:0050 01 00000000:00000000
   2: 0100007F:96AA 0100007F:0016 06 00000000:00000000
   3: 00000000000000000000000001000000:9F76 B80D0120000000000000000001000000:01BB 04 00000000
   4: 0000000000000000FFFF00000100007F:AA12 0000000000000000FFFF00000100000A:0050 01 00000000
`;

  it.each([
    ["127.0.0.1", 0x96aa, { address: "93.184.216.34", port: 80 }],
    ["::1", 0x9f76, { address: "2001:db8::1", port: 443 }],
    ["127.0.0.1", 0xaa12, { address: "10.0.0.1", port: 80 }],
  ])("finds where %s:%i is connected to", (address, port, remote) => {
    expect(remotesOf(table, { address, port })).toEqual([remote]);
  });

  it("takes a socket that the kernel wrote twice for one", () => {
    const client = { address: "127.0.0.1", port: 0x96aa };
    const [remote] = remotesOf(table, client);
    expect(remotesOf(table + table, client)).toEqual([remote]);
  });

  it("finds nothing for a socket that is not there", () => {
    expect(remotesOf(table, { address: "127.0.0.1", port: 1 })).toEqual([]);
  });
});

describe("addressBytes()", () => {
  it.each([
    ["10.0.0.255", "0a0000ff"],
    ["::1", "00000000000000000000000000000001"],
    ["2001:db8::7:8", "20010db8000000000000000000070008"],
    ["1:2:3:4:5:6:7:8", "00010002000300040005000600070008"],
  ])("writes %s", (address, hex) => {
    expect(Buffer.from(addressBytes(address)).toString("hex")).toBe(hex);
  });
});
