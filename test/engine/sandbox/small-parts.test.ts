import { openSync, closeSync } from "node:fs";

import { describe, expect, it } from "vitest";

import { findInheritedFds } from "../../../src/engine/sandbox/inherited-fds.ts";
import { Limiter } from "../../../src/engine/sandbox/limiter.ts";
import { bindMount, toMountTable } from "../../../src/engine/sandbox/mount-table.ts";
import { findFreeSubnet, linkAddresses } from "../../../src/engine/sandbox/network/free-subnet.ts";
import { iptablesRules } from "../../../src/engine/sandbox/network/iptables-firewall.ts";
import { nftRules } from "../../../src/engine/sandbox/network/nft-firewall.ts";
import { shellQuote } from "../../../src/engine/sandbox/shell-quote.ts";

describe("toMountTable()", () => {
  it("writes one line a mount and escapes what would end a field", () => {
    expect(toMountTable([bindMount("/a b", "/c\\d", "ro")])).toBe(
      "/a\\040b /c\\134d none bind,ro 0 0\n",
    );
  });
});

describe("shellQuote()", () => {
  it.each([
    ["plain-1.0/x", "plain-1.0/x"],
    ["", "''"],
    ["it's $x\n", "'it'\\''s $x\n'"],
  ])("quotes %j", (word, quoted) => expect(shellQuote(word)).toBe(quoted));
});

describe("Limiter", () => {
  it("runs so many at once, in order, and goes on after a failure", async () => {
    const limiter = new Limiter(2);
    let running = 0;
    let most = 0;
    const order: number[] = [];
    const task = (number: number) =>
      limiter.run(async () => {
        most = Math.max(most, (running += 1));
        order.push(number);
        await Promise.resolve();
        running -= 1;
        if (number === 1) throw new Error("one");
      });
    const results = await Promise.allSettled([0, 1, 2, 3, 4].map(task));
    expect([most, order]).toEqual([2, [0, 1, 2, 3, 4]]);
    expect(results.map(({ status }) => status === "fulfilled")).toEqual([
      true,
      false,
      true,
      true,
      true,
    ]);
  });
});

describe("findFreeSubnet()", () => {
  it("passes over networks that the host is in", () => {
    expect(findFreeSubnet(0, []).cidr).toBe("10.208.0.0/20");
    expect(findFreeSubnet(0, ["10.208.3.1", "192.168.0.1"]).cidr).toBe("10.208.16.0/20");
  });

  it("gives each link its own two addresses", () => {
    const subnet = findFreeSubnet(0, []);
    expect(linkAddresses(subnet, 0)).toEqual({ gateway: "10.208.0.1", pod: "10.208.0.2" });
    expect(linkAddresses(subnet, 1023)).toEqual({ gateway: "10.208.15.253", pod: "10.208.15.254" });
  });
});

describe("the firewalls", () => {
  const scope = { id: "0123abcd", linkPrefix: "brth0123abcd", cidr: "10.208.0.0/20" };

  it("drop what is for the host before any other rule, and forward others only if that was on", () => {
    const closed = nftRules({ ...scope, isForwardingOurs: true });
    const open = nftRules({ ...scope, isForwardingOurs: false });
    expect(closed).toMatch(/priority -300[^}]*}[^}]*fib daddr type \{ local/);
    expect(closed).toContain('iifname != "brth*" oifname != "brth*" drop');
    expect(open).not.toContain("iifname !=");
  });

  it("says the same in iptables, each rule marked with the engine's id", () => {
    const rules = iptablesRules({ ...scope, isForwardingOurs: true });
    expect(rules.every(({ match }) => match.includes("berth-0123abcd"))).toBe(true);
    expect(rules.map(({ match }) => match).join("\n")).toContain("--dst-type LOCAL -j DROP");
  });
});

describe("findInheritedFds()", () => {
  it("does not count what Node opens itself", () => {
    const before = findInheritedFds();
    const fd = openSync("/dev/null", "r");
    expect(findInheritedFds()).toEqual(before);
    closeSync(fd);
  });
});
